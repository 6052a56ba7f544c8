/** How the host builds an app, and where it runs its functions. */
export interface BuildSettings {
  framework?: string | undefined;
  rootDirectory?: string | undefined;
  buildCommand?: string | undefined;
  installCommand?: string | undefined;
  outputDirectory?: string | undefined;
  devCommand?: string | undefined;
  nodeVersion?: string | undefined;
  functionRegion?: string | undefined;
}
