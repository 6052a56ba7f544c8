import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import type { DatabaseHost, DatabaseProject } from "../../../services/databaseHost/databaseHost.ts";
import { ServiceError } from "../../../services/http/http.ts";
import { behavesAsRemoteService, isNotFound, type StartedService } from "../support/remoteServiceContract.ts";

/** A database host with what only its own API, or its operator, can do. */
export interface StartedDatabaseHost extends StartedService<DatabaseHost> {
  /** A region that the host has. */
  region: string;
  /** Takes one of the host's own backups of a healthy project. */
  takePlatformBackup(ref: string): Promise<void>;
  /** Gives a healthy project point-in-time recovery. */
  enablePointInTime(ref: string): Promise<void>;
  /** What the project's server was restored to last, in any words; undefined if it never was. */
  lastRestore(ref: string): Promise<string | undefined>;
}

/** What every adapter of the role keeps to. A second one runs it by one line with its own `start`. */
export function conformsToDatabaseHost(name: string, start: () => Promise<StartedDatabaseHost>): void {
  describe(`${name} as a database host`, () => {
    let started: StartedDatabaseHost;
    let host: DatabaseHost;
    let project: DatabaseProject;
    let number = 0;
    beforeAll(async () => {
      started = await start();
      host = started.open({ endpoint: started.url });
    });
    afterAll(() => started.stop());
    const wanted = () => {
      number += 1;
      return { name: `db-${number}`, organization: "castchat", region: started.region, password: "long-password" };
    };
    const until = async (ref: string, state: DatabaseProject["state"]): Promise<DatabaseProject> => {
      for (;;) {
        const now = await host.project(ref);
        if (now?.state === state) return now;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const healthy = async () => until((await host.createProject(wanted())).ref, "healthy");
    beforeEach(async () => {
      project = await healthy();
    });

    it("makes a project that gets healthy, and shows it by itself and among all", async () => {
      const other = wanted();
      const made = await host.createProject(other);
      expect(["changing", "healthy"]).toContain(made.state);
      const seen = await until(made.ref, "healthy");
      const { name: wantedName, organization, region } = other;
      expect(seen).toEqual({
        ref: made.ref,
        name: wantedName,
        organization,
        region,
        createdAt: made.createdAt,
        state: "healthy",
        status: expect.any(String),
      });
      expect(new Date(seen.createdAt).toISOString()).toBe(seen.createdAt);
      expect((await host.projects()).find(({ ref }) => ref === made.ref)).toEqual(seen);
      expect((await host.projects()).map(({ ref }) => ref)).toContain(project.ref);
    });

    it("makes a second project of the same name", async () => {
      const same = wanted();
      const [first, second] = [await host.createProject(same), await host.createProject(same)];
      expect(second.name).toBe(first.name);
      expect(second.ref).not.toBe(first.ref);
    });

    it.each(["absent", "../projects", "a/b?c=d#e"])("has no project %j", async (absent) => {
      expect(await host.project(absent)).toBeUndefined();
      const calls = [
        "sessionAddress",
        "publicKey",
        "secretKey",
        "authSettings",
        "platformBackups",
        "pauseProject",
      ] as const;
      for (const call of calls) expect([call, await isNotFound(host[call](absent))]).toEqual([call, true]);
    });

    it("deletes a project, also one that is gone", async () => {
      for (let times = 0; times < 2; times += 1) await host.deleteProject(project.ref);
      expect(await host.project(project.ref)).toBeUndefined();
      expect((await host.projects()).map(({ ref }) => ref)).not.toContain(project.ref);
    });

    it("says how large a project is, and which size of compute is larger", async () => {
      const { compute = "", diskGb } = await host.size(project.ref);
      expect(diskGb).toBeGreaterThan(0);
      expect(host.isLarger(compute, compute)).toBe(false);
    });

    it("pauses a project", async () => {
      await host.pauseProject(project.ref);
      expect((await until(project.ref, "paused")).ref).toBe(project.ref);
    });

    it("says how each service is that a recovery needs", async () => {
      const services = await host.health(project.ref);
      expect(services.length).toBeGreaterThan(0);
      for (const one of services)
        expect(one).toEqual({ name: expect.any(String), isHealthy: expect.any(Boolean), status: expect.any(String) });
    });

    it("gives the address of sessions, the project's own address and its public key", async () => {
      const { host: server, port, user, database } = await host.sessionAddress(project.ref);
      expect([server, user, database].every((text) => text.length > 0)).toBe(true);
      expect(port).toBeGreaterThan(0);
      expect(new URL(host.apiUrl(project.ref)).href).toContain(project.ref);
      expect(await host.publicKey(project.ref)).toMatch(/^\S{10,}$/);
      expect(await host.secretKey(project.ref)).toMatch(/^\S{10,}$/);
      expect(await host.secretKey(project.ref)).not.toBe(await host.publicKey(project.ref));
    });

    it("shows the settings of the auth service", async () => {
      expect(Object.keys(await host.authSettings(project.ref)).length).toBeGreaterThan(0);
    });

    it("restores one of its own backups, which it lists with their time", async () => {
      expect(await host.platformBackups(project.ref)).toEqual({ backups: [], window: undefined });
      await started.takePlatformBackup(project.ref);
      const { backups, window } = await host.platformBackups(project.ref);
      expect(backups).toEqual([{ id: expect.any(Number), status: "COMPLETED", takenAt: expect.any(Date) }]);
      expect(window).toBeUndefined();
      expect(await isNotFound(host.restorePlatformBackup(project.ref, 4711))).toBe(true);
      expect(await started.lastRestore(project.ref)).toBeUndefined();
      await host.restorePlatformBackup(project.ref, backups[0]!.id!);
      await until(project.ref, "healthy");
      expect(await started.lastRestore(project.ref)).toBeDefined();
    });

    it("restores a second of its window, and none outside of it", async () => {
      const instant = new Date("2020-01-01T00:00:00Z");
      await expect(host.restoreToInstant(project.ref, instant)).rejects.toBeInstanceOf(ServiceError);
      await started.enablePointInTime(project.ref);
      const { window } = await host.platformBackups(project.ref);
      expect(window!.latest.getTime()).toBeGreaterThanOrEqual(window!.earliest.getTime());
      await expect(host.restoreToInstant(project.ref, instant)).rejects.toBeInstanceOf(ServiceError);
      expect(await started.lastRestore(project.ref)).toBeUndefined();
      await host.restoreToInstant(project.ref, window!.latest);
      await until(project.ref, "healthy");
      expect(await started.lastRestore(project.ref)).toContain(window!.latest.toISOString());
    });

    describe("as a remote service", () => {
      behavesAsRemoteService(() => started, {
        read: (port, signal) => port.project(project.ref, signal),
        make: (port) => port.createProject(wanted()),
      });
    });
  });
}
