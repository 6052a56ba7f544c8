import type { PoolerAddress, ProjectConnection } from "../host/services.ts";
import { BackgroundWork } from "./http.ts";
import type { SupabaseProject, SupabaseWorld } from "./supabaseState.ts";

/** Without the superuser's password. */
function addressOf({ host, port, transactionPort }: ProjectConnection): PoolerAddress {
  return { host, port, ...(transactionPort !== undefined && { transactionPort }) };
}

/** Operations that take time: each starts at once, and the project's status shows when it is done. */
export function openLifecycle({ deps, state, save }: SupabaseWorld) {
  const background = new BackgroundWork();
  /** Works on a project in the background. A failure becomes the project's status, as at Supabase. */
  const inBackground = (project: SupabaseProject, failed: SupabaseProject["status"], work: () => Promise<void>) =>
    background.start(`supabase project ${project.ref}`, async () => {
      try {
        await work();
      } catch (thrown) {
        project.status = failed;
        throw thrown;
      } finally {
        save();
      }
    });
  const bringUp = (project: SupabaseProject) =>
    inBackground(project, "INIT_FAILED", async () => {
      // The last daemon may have ended between the server's creation and its entry here.
      const server =
        deps.postgres.connection(project.ref) ?? (await deps.postgres.create(project.ref, project.firstPassword ?? ""));
      const address = addressOf(server);
      // The project was deleted while it came up.
      if (!state.projects.includes(project)) return deps.postgres.destroy(project.ref);
      delete project.firstPassword;
      Object.assign(project, { address, status: "ACTIVE_HEALTHY" });
    });
  const restore = (project: SupabaseProject) =>
    inBackground(project, "RESTORE_FAILED", async () => {
      const address = addressOf(await deps.postgres.start(project.ref));
      Object.assign(project, { address, status: "ACTIVE_HEALTHY" });
    });
  const restoreBackup = (project: SupabaseProject) =>
    inBackground(project, "RESTORE_FAILED", async () => {
      const { backup = 0, until } = project.restoresFrom ?? {};
      await deps.postgres.restoreCopy(project.ref, String(backup), until === undefined ? undefined : new Date(until));
      delete project.restoresFrom;
      project.status = "ACTIVE_HEALTHY";
    });
  const pause = (project: SupabaseProject) =>
    inBackground(project, "ACTIVE_HEALTHY", async () => {
      await deps.postgres.stop(project.ref);
      project.status = "INACTIVE";
    });

  return {
    bringUp,
    restore,
    restoreBackup,
    pause,
    /** Continues what the last daemon's end left unfinished. */
    resume: () => {
      for (const project of state.projects) {
        if (project.status === "COMING_UP") bringUp(project);
        if (project.status === "PAUSING") pause(project);
        if (project.status === "RESTORING") (project.restoresFrom === undefined ? restore : restoreBackup)(project);
      }
    },
    settled: () => background.settled(),
  };
}
