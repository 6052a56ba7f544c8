/**
 * The columns of Supabase's tables in auth and storage, as the migrations of both services make them. A column with "!" must have a value
 * and has no default. Sources: https://github.com/supabase/auth (migrations, up to 20260625000000) and https://github.com/supabase/storage
 * (migrations/tenant, up to 0063), both run as of August 2026.
 */
const COLUMNS: Readonly<Record<string, string>> = {
  "auth.audit_log_entries": "instance_id id! payload created_at ip_address",
  "auth.custom_oauth_providers":
    "id provider_type! identifier! name! client_id! client_secret! acceptable_client_ids scopes pkce_enabled attribute_mapping authorization_params enabled email_optional issuer discovery_url skip_nonce_check cached_discovery discovery_cached_at authorization_url token_url userinfo_url jwks_uri created_at updated_at custom_claims_allowlist",
  "auth.flow_state":
    "id! user_id auth_code code_challenge_method code_challenge provider_type! provider_access_token provider_refresh_token created_at updated_at authentication_method! auth_code_issued_at invite_token referrer oauth_client_state_id linking_target_id email_optional",
  "auth.identities": "provider_id! user_id! identity_data! provider! last_sign_in_at created_at updated_at email id",
  "auth.instances": "id! uuid raw_base_config created_at updated_at",
  "auth.mfa_amr_claims": "session_id! created_at! updated_at! authentication_method! id!",
  "auth.mfa_challenges": "id! factor_id! created_at! verified_at ip_address! otp_code web_authn_session_data",
  "auth.mfa_factors":
    "id! user_id! friendly_name factor_type! status! created_at! updated_at! secret phone last_challenged_at web_authn_credential web_authn_aaguid last_webauthn_challenge_data",
  "auth.oauth_authorizations":
    "id! authorization_id! client_id! user_id redirect_uri! scope! state resource code_challenge code_challenge_method response_type status authorization_code created_at expires_at approved_at nonce",
  "auth.oauth_client_states": "id! provider_type! code_verifier created_at!",
  "auth.oauth_clients":
    "id! client_secret_hash registration_type! redirect_uris! grant_types! client_name client_uri logo_uri created_at updated_at deleted_at client_type token_endpoint_auth_method!",
  "auth.oauth_consents": "id! user_id! client_id! scopes! granted_at revoked_at",
  "auth.one_time_tokens": "id! user_id! token_type! token_hash! relates_to! created_at updated_at",
  "auth.refresh_tokens": "instance_id id token user_id revoked created_at updated_at parent session_id",
  "auth.saml_providers":
    "id! sso_provider_id! entity_id! metadata_xml! metadata_url attribute_mapping created_at updated_at name_id_format",
  "auth.saml_relay_states":
    "id! sso_provider_id! request_id! for_email redirect_to created_at updated_at flow_state_id",
  "auth.sessions":
    "id! user_id! created_at updated_at factor_id aal not_after refreshed_at user_agent ip tag oauth_client_id refresh_token_hmac_key refresh_token_counter scopes",
  "auth.sso_domains": "id! sso_provider_id! domain! created_at updated_at",
  "auth.sso_providers": "id! resource_id created_at updated_at disabled",
  "auth.users":
    "instance_id id! aud role email encrypted_password email_confirmed_at invited_at confirmation_token confirmation_sent_at recovery_token recovery_sent_at email_change_token_new email_change email_change_sent_at last_sign_in_at raw_app_meta_data raw_user_meta_data is_super_admin created_at updated_at phone phone_confirmed_at phone_change phone_change_token phone_change_sent_at confirmed_at email_change_token_current email_change_confirm_status banned_until reauthentication_token reauthentication_sent_at is_sso_user deleted_at is_anonymous",
  "auth.webauthn_challenges": "id user_id challenge_type! session_data! created_at expires_at!",
  "auth.webauthn_credentials":
    "id user_id! credential_id! public_key! attestation_type aaguid sign_count transports backup_eligible backed_up friendly_name created_at updated_at last_used_at",
  "storage.buckets":
    "id! name! owner created_at updated_at public avif_autodetection file_size_limit allowed_mime_types owner_id type versioning_status",
  "storage.buckets_analytics": "name! type format created_at updated_at id deleted_at",
  "storage.buckets_vectors": "id! type created_at updated_at",
  "storage.iceberg_namespaces": "id bucket_name! name! created_at updated_at metadata catalog_id!",
  "storage.iceberg_tables":
    "id namespace_id! bucket_name! name! location! created_at updated_at remote_table_id shard_key shard_id catalog_id!",
  "storage.objects":
    "id bucket_id name owner created_at updated_at last_accessed_at metadata path_tokens version owner_id user_metadata archived_at is_delete_marker is_versioned",
  "storage.s3_multipart_uploads":
    "id! in_progress_size upload_signature! bucket_id! key! version! owner_id created_at user_metadata metadata",
  "storage.s3_multipart_uploads_parts":
    "id upload_id! size part_number! bucket_id! key! etag! owner_id version! created_at",
  "storage.vector_indexes":
    "id name! bucket_id! data_type! dimension! distance_metric! metadata_configuration created_at updated_at",
};

/** A column of one of Supabase's tables. */
export interface PlatformColumn {
  name: string;
  /** It must have a value and has no default. */
  required: boolean;
}

/** The columns of Supabase's table of that name ("auth.users"), in order. Undefined if the platform is not known to have such a table. */
export function platformColumns(table: string): PlatformColumn[] | undefined {
  if (!Object.hasOwn(COLUMNS, table)) return undefined;
  return COLUMNS[table]?.split(" ").map((name) => ({ name: name.replace("!", ""), required: name.endsWith("!") }));
}

/**
 * What the storage service had computed from the objects' names and then dropped: a backup of an older project has it, and nothing is lost
 * without it. Source: https://github.com/supabase/storage, migrations/tenant/0052-drop-not-used-indexes-and-functions.sql.
 */
const COMPUTED: readonly string[] = ["storage.prefixes", "storage.objects.level"];

/** Whether the platform has dropped this table or column ("schema.table.column") and had filled it by itself. */
export function wasComputed(name: string): boolean {
  return COMPUTED.includes(name);
}

/**
 * Tables of vector buckets, which the role `postgres` may read but not write, and whose content lies outside of the database. Supabase's
 * own procedure leaves their rows out (https://supabase.com/docs/guides/platform/migrating-within-supabase/backup-restore). Rights:
 * https://github.com/supabase/storage, migrations/tenant/0045-vector-buckets.sql.
 */
export const VECTOR_BUCKET_TABLES: readonly string[] = ["storage.buckets_vectors", "storage.vector_indexes"];
