import { ServiceError } from "../../../services/http/http.ts";

/** True for a service's own word that something does not exist. */
export const isNotFound = (thrown: unknown): boolean => thrown instanceof ServiceError && thrown.status === 404;
