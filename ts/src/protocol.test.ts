import { describe, expect, it } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { makeFile, picked } from "../tests/files";
import { golden } from "../tests/golden";
import { until } from "../tests/waiting";
import { parse } from "./protocol";
import { UploadQueue } from "./queue";

const server = golden("server");
const client = golden("client");

describe("a message of the server", () => {
  it.each(server.valid)("is read: $name", ({ message }) => {
    expect(parse(message)).toEqual(message);
  });

  it.each(server.invalid)("is dropped: $reason", ({ message }) => {
    expect(parse(message)).toBeNull();
  });

  it.each(server.valid)("is read from a Map, as Bokeh gives it: $name", ({ message }) => {
    expect(parse(new Map(Object.entries(message)))).toEqual(message);
  });
});

type Shape = Record<string, string>;

function shape(message: object): Shape {
  const kinds = Object.entries(message).map(([name, value]) => [name, kindOf(value)]);
  return Object.fromEntries(kinds.sort());
}

function kindOf(value: unknown): string {
  if (value instanceof ArrayBuffer) return "bytes";
  if (Array.isArray(value)) return "list";
  return typeof value;
}

function goldenMessages(kind: string): Record<string, unknown>[] {
  return client.valid.map(({ message }) => message).filter((message) => message.kind === kind);
}

/** Let a queue send messages of every kind. */
async function everyKind(): Promise<FakeServer> {
  const fake = new FakeServer();
  const queue = new UploadQueue();
  queue.recorder = { command: () => undefined, state: "paused" };
  const channel = fake.connect();
  queue.attach(channel);
  channel.send({ kind: "language", language: "de-AT" });
  queue.add(picked(makeFile(25, "whole.bin", "video/mp4")));
  await until(() => queue.uploads.value.at(-1)?.state.value.kind === "complete");
  for (const upload of queue.uploads.value) queue.remove(upload);
  fake.auto = false;
  queue.add(picked(makeFile(100, "cancelled.bin")));
  fake.answerAll();
  queue.pauseAll();
  for (const upload of queue.uploads.value) queue.cancel(upload);
  return fake;
}

describe("a message of the page", () => {
  it("has the shape of a golden message of its kind", async () => {
    const fake = await everyKind();
    const kinds = new Set<string>(fake.received.map(({ kind }) => kind));
    expect(kinds).toEqual(
      new Set([
        ...["hello", "create", "chunk", "finish", "abort", "remove", "paused", "recording"],
        "language",
      ]),
    );
    for (const message of fake.received) {
      expect(goldenMessages(message.kind).map(shape)).toContainEqual(shape(message));
    }
  });

  it("describes a file as a golden message does", async () => {
    const files = (await everyKind()).sent("create").flatMap((message) => message.files);
    const known = goldenMessages("create").flatMap((message) => message.files as object[]);
    expect(files.length).toBeGreaterThan(0);
    for (const facts of files) expect(known.map(shape)).toContainEqual(shape(facts));
  });

  it("says the version that the server knows", async () => {
    const [golden] = goldenMessages("hello");
    const page = expect.stringMatching(/^\w+$/);
    expect((await everyKind()).sent("hello")).toEqual([{ ...golden, page }]);
  });
});
