/** What a host shows of a certificate. It gives the private key to no client. */
export interface CertificateFacts {
  id: string;
  /** Host names that it is for. */
  hosts: string[];
  expiresAt: Date | undefined;
  /** Whether the host renews it by itself; undefined if it does not say so. */
  isRenewed: boolean | undefined;
}
