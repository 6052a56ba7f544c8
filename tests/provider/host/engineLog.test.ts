import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import enginegrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineproto from "@pulumi/pulumi/proto/engine_pb.js";
import emptyproto from "google-protobuf/google/protobuf/empty_pb.js";

import { engineLog } from "../../../provider/host/engineLog.ts";

const URN = "urn:pulumi:dr::p::recovery:index:DatabaseRestore::database";

let server: grpc.Server;
let address: string;
const heard: engineproto.LogRequest.AsObject[] = [];

beforeAll(async () => {
  server = new grpc.Server();
  server.addService(enginegrpc.EngineService, {
    log(call: { request: engineproto.LogRequest }, done: (error: null, answer: emptyproto.Empty) => void) {
      heard.push(call.request.toObject());
      done(null, new emptyproto.Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  address = `127.0.0.1:${port}`;
});
afterAll(() => server.forceShutdown());

describe("the engine's log", () => {
  it("keeps a warning after the run, and shows progress only while it lasts", async () => {
    const log = engineLog(address);
    await log(URN, "Restoring 12 tables", "progress");
    await log(URN, "Set the SMTP password again, password=hunter2 of a\u001b[2K", "warning");
    expect(heard).toMatchObject([
      { urn: URN, message: "Restoring 12 tables", severity: engineproto.LogSeverity.INFO, ephemeral: true },
      { urn: URN, severity: engineproto.LogSeverity.WARNING, ephemeral: false },
    ]);
    expect(heard[1]!.message).toBe("Set the SMTP password again, password=[secret] of a\\u001b[2K");
  });

  it("loses a message without an engine, and continues", async () => {
    await expect(engineLog(undefined)(URN, "x", "warning")).resolves.toBeUndefined();
    await expect(engineLog("127.0.0.1:1")(URN, "x", "warning")).resolves.toBeUndefined();
  });
});
