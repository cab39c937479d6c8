import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FakeServer } from "../tests/fake-server";
import { makeFile, pattern, picked } from "../tests/files";
import { ended, setUp, states, upload, windowIsWhole } from "../tests/queue";
import { quiet, turn, until } from "../tests/waiting";
import type { UploadQueue } from "./queue";

/** What happens between two answers of the server. */
type Fault = { kind: "answer" | "turn" | "lose" | "attach" | "reconnect"; place: number };

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom("answer", "answer", "answer", "turn", "lose", "attach", "reconnect"),
  place: fc.nat(4),
});

async function suffer(server: FakeServer, queue: UploadQueue, { kind, place }: Fault) {
  if (kind === "answer") server.answer();
  else if (kind === "turn") await turn();
  else if (kind === "lose") server.loseChunk(place);
  else queue.attach(server.connect({}, kind === "reconnect"));
}

describe("any order of answers, lost chunks and new views", () => {
  it("ends with the same bytes, and with the whole window", async () => {
    const sizes = fc.array(fc.nat(120), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(fault, { maxLength: 60 }), async (all, faults) => {
        const { server, queue } = setUp({}, { auto: false });
        queue.add(picked(...all.map((size, n) => makeFile(size, `${n}.bin`))));
        for (const one of faults) await suffer(server, queue, one);
        queue.attach(server.connect({}, true));
        server.auto = true;
        server.answerAll();
        await ended(queue);
        expect(states(queue)).toEqual(all.map(() => "complete"));
        for (const [n, size] of all.entries()) {
          expect(server.bytes(`${n}.bin`)).toEqual(pattern(size));
        }
        expect(await windowIsWhole(server, queue)).toBe(true);
      }),
      { numRuns: 60 },
    );
  }, 30_000);
});

describe("what was lost with the socket", () => {
  it("is cancelled once more", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95), makeFile(25, "b.bin")));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    queue.cancel(upload(queue, "a.bin"));
    server.auto = true;
    queue.attach(server.connect({}, true));
    await until(() => upload(queue, "b.bin").state.value.kind === "complete");
    expect(server.upload("a.bin").state).toBe("freed");
    // The session that hears of it may be another one.
    expect(server.sent("abort").at(-1)?.secret).toBe("secret of u0");
    const aborts = server.sent("abort").length;
    queue.attach(server.connect({}, true));
    await quiet();
    expect(server.sent("abort").length).toBe(aborts); // the server has said that it is gone
  });
});

describe("a server that was started anew", () => {
  it("is told again of what it has stored nothing of", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95), makeFile(25, "b.bin")));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    server.uploads.length = 0;
    server.auto = true;
    queue.attach(server.connect({}, true));
    await ended(queue);
    expect(states(queue)).toEqual(["complete", "complete"]);
    expect(server.bytes("a.bin")).toEqual(pattern(95));
    expect(await windowIsWhole(server, queue)).toBe(true);
    expect(server.openBatches.size).toBe(0);
  });

  it("fails what it has lost", async () => {
    const { server, queue } = setUp({}, { auto: false });
    queue.add(picked(makeFile(95)));
    server.answerAll();
    await until(() => server.sent("chunk").length > 0);
    server.answer();
    server.uploads.length = 0;
    server.auto = true;
    queue.attach(server.connect({}, true));
    await ended(queue);
    expect(states(queue)).toEqual(["failed"]);
  });
});
