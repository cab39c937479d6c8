// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FakeServer } from "../tests/fake-server";
import { UploadQueue } from "./queue";
import { MAX_QUIET, PATIENCE, REFUSALS, Reconnection } from "./reconnect";

function tokenOf(session: string, expiry: number): string {
  const payload = JSON.stringify({ session_id: session, session_expiry: expiry });
  return `${btoa(payload).replace(/=+$/, "")}.signature`;
}

/** A socket that fails at once, hangs, or is closed after it was opened. */
class FakeSocket extends EventTarget {
  readyState: number = WebSocket.CONNECTING;
  constructor(private readonly onclose: () => void) {
    super();
  }
  close(): void {
    this.readyState = WebSocket.CLOSED;
    this.onclose(); // BokehJS hears of it first
    this.dispatchEvent(new Event("close"));
  }
}

class FakeConnection {
  url = "ws://localhost:5006/app/ws";
  token = tokenOf("s1", 1);
  socket: FakeSocket | null = null;
  /** When it was asked to connect, and what with. */
  readonly attempts: { time: number; token: string }[] = [];
  lost: () => void = () => undefined;
  /** What becomes of a socket. */
  fate: (socket: FakeSocket) => void = (socket) => socket.close();

  reconnect(): void {
    this.attempts.push({ time: performance.now(), token: this.token });
    const socket = new FakeSocket(() => {
      this.socket = null;
      this.lost();
    });
    this.socket = socket;
    queueMicrotask(() => this.fate(socket));
  }
}

let uploading: boolean;
/** What a question to the server gives: a status, or nothing. */
let status: number | null;
/** When it was asked, and where. */
let questions: { time: number; url: string }[];

function lose(reconnects = true) {
  const connection = new FakeConnection();
  const reconnection = new Reconnection(
    () => uploading,
    () => reconnects,
  );
  const reference = new WeakRef(connection) as unknown as WeakRef<Record<string, never>>;
  connection.lost = () => reconnection.lost(reference);
  connection.lost();
  return { connection, reconnection };
}

function gaps(times: { time: number }[]): number[] {
  return times.slice(1).map(({ time }, i) => time - (times[i]?.time ?? 0));
}

beforeEach(() => {
  uploading = true;
  status = 200;
  questions = [];
  vi.useFakeTimers();
  vi.stubGlobal("fetch", async (url: string) => {
    questions.push({ time: performance.now(), url });
    if (status === null) throw new TypeError("Failed to fetch");
    return { status };
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a lost connection", () => {
  test("is looked after, the more seldom the longer it lasts", async () => {
    status = null;
    const { reconnection } = lose();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(Math.max(...gaps(questions))).toBeLessThanOrEqual(3000);
    expect(Math.min(...gaps(questions))).toBeGreaterThanOrEqual(500);
    await vi.advanceTimersByTimeAsync(600_000);
    const last = gaps(questions).slice(-40);
    expect(Math.max(...last)).toBeLessThanOrEqual(10_000);
    expect(Math.min(...last)).toBeGreaterThanOrEqual(5000);
    expect(new Set(last.map(Math.round)).size).toBeGreaterThan(20); // pages come back apart
    expect(reconnection.state.value).toBe("reconnecting");
    expect(new Set(questions.map(({ url }) => url))).toEqual(
      new Set(["http://localhost:5006/app/metadata"]),
    );
  });

  test.each([null, 502])("is tried seldom while no server answers: %s", async (answer) => {
    status = answer;
    const { connection } = lose();
    await vi.advanceTimersByTimeAsync(MAX_QUIET);
    expect(connection.attempts).toEqual([]);
    await vi.advanceTimersByTimeAsync(10 * MAX_QUIET);
    expect(connection.attempts.length).toBeGreaterThan(5);
    expect(Math.min(...gaps(connection.attempts))).toBeGreaterThanOrEqual(MAX_QUIET);
  });

  test.each([0, 200, 404])("is tried soon after the server answers: %s", async (answer) => {
    status = null;
    const { connection } = lose();
    connection.fate = () => undefined;
    await vi.advanceTimersByTimeAsync(20_000);
    status = answer;
    await vi.advanceTimersByTimeAsync(1500);
    expect(connection.attempts.length).toBe(1);
  });

  test("is tried at once when the network is back", async () => {
    status = null;
    const { connection } = lose();
    await vi.advanceTimersByTimeAsync(300_000);
    const before = connection.attempts.length;
    dispatchEvent(new Event("online"));
    expect(connection.attempts.length).toBe(before + 1);
  });

  test("that is up again is left alone", async () => {
    const { connection, reconnection } = lose();
    await vi.advanceTimersByTimeAsync(5000);
    reconnection.restored();
    const before = connection.attempts.length;
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.attempts.length).toBe(before);
    expect(reconnection.state.value).toBe("up");
  });

  test("is left to BokehJS while nothing is under way", async () => {
    uploading = false;
    const { connection } = lose();
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.attempts).toEqual([]);
    expect(questions).toEqual([]);
    uploading = true; // now something was picked
    await vi.advanceTimersByTimeAsync(10_000);
    expect(connection.attempts).not.toEqual([]);
  });

  test("is not tried if the app has not asked for it", async () => {
    const { connection, reconnection } = lose(false);
    dispatchEvent(new Event("online"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.attempts).toEqual([]);
    expect(reconnection.state.value).toBe("lost");
  });
});

test("a token that the server sends is what to connect with", async () => {
  const { connection, reconnection } = lose();
  const server = Object.assign(new FakeServer(), { reconnection });
  new UploadQueue().attach(server.connect());
  server.send({ kind: "token", token: tokenOf("s1", 2) });
  await vi.advanceTimersByTimeAsync(5000);
  expect(connection.attempts.at(-1)?.token).toBe(tokenOf("s1", 2));
});

describe("an attempt", () => {
  test("that the network swallows makes way for the next", async () => {
    const { connection } = lose();
    connection.fate = () => undefined;
    await vi.advanceTimersByTimeAsync(PATIENCE - 500);
    expect(connection.attempts.length).toBe(1);
    await vi.advanceTimersByTimeAsync(4000);
    expect(connection.attempts.length).toBe(2);
    dispatchEvent(new Event("online")); // which it was begun without
    await vi.advanceTimersByTimeAsync(1500);
    expect(connection.attempts.length).toBe(3);
  });

  const refuse = (socket: FakeSocket) => {
    socket.dispatchEvent(new Event("open"));
    socket.close();
  };

  test("that is refused is believed at the third time", async () => {
    const { connection, reconnection } = lose();
    connection.fate = refuse;
    await vi.advanceTimersByTimeAsync(REFUSALS * 1000);
    expect(reconnection.state.value).toBe("refused");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.attempts.length).toBe(REFUSALS);
  });

  test("that is cut off is not taken for one that is refused", async () => {
    const { connection, reconnection } = lose();
    connection.fate = (socket) => {
      socket.dispatchEvent(new Event("open"));
      socket.dispatchEvent(new Event("message"));
      socket.close();
    };
    await vi.advanceTimersByTimeAsync(60_000);
    expect(reconnection.state.value).toBe("reconnecting");
  });

  test("is made with the renewed token, if that is for the same session", async () => {
    const { connection, reconnection } = lose();
    reconnection.renew(tokenOf("s1", 2));
    await vi.advanceTimersByTimeAsync(5000);
    expect(connection.attempts.at(-1)?.token).toBe(tokenOf("s1", 2));
    for (const token of [tokenOf("s2", 3), "", "no token", "e30"]) {
      reconnection.renew(token);
      await vi.advanceTimersByTimeAsync(5000);
      expect(connection.token).toBe(tokenOf("s1", 2));
    }
  });
});

describe("a socket by which nothing comes", () => {
  test.each([
    [true, 200, true, 1],
    [true, 200, false, 0], // not yet
    [true, null, true, 0], // the network is away, and may be back
    [false, 200, true, 0], // nobody would open another one
  ])("is left if there is a way back: %s, %s, %s", async (reconnects, answer, leave, times) => {
    status = answer;
    const reconnection = new Reconnection(
      () => true,
      () => reconnects,
    );
    const url = "ws://localhost:5006/app/ws?a=/ws";
    const told = vi.fn();
    const socket = Object.assign(new EventTarget(), { url, close: vi.fn(), onclose: told });
    socket.addEventListener("close", told);
    await reconnection.doubt(socket as unknown as WebSocket, leave);
    expect(socket.close).toHaveBeenCalledTimes(times);
    expect(told).toHaveBeenCalledTimes(times);
    expect(socket.onclose === null).toBe(times === 1);
    if (reconnects) expect(questions[0]?.url).toBe("http://localhost:5006/app/metadata");
  });
});
