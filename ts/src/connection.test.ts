import { describe, expect, test } from "vitest";
import { type BokehDocument, forgetHalfMessages, hasComm, watchConnection } from "./connection";

class Receiver {
  half: string | null = null;
}

function openDocument() {
  const connection = { _receiver: new Receiver() };
  const callbacks: ((document: unknown, event: object) => void)[] = [];
  const manager = { _receiver: new Receiver() }; // Panel's in a notebook, among other roots
  const document: BokehDocument = {
    roots: () => [{}, manager],
    on_event: (event, callback) => {
      if (event === "connection_lost") callbacks.push(callback);
    },
  };
  const lose = (event: object = { connection: new WeakRef(connection) }) => {
    for (const callback of callbacks) callback(document, event);
  };
  return { document, connection, manager, lose };
}

describe("a lost connection", () => {
  test("is told once, however many views there are", () => {
    const { document, lose } = openDocument();
    let told = 0;
    const uploads = { connectionLost: () => told++, isUploading: () => false };
    expect(watchConnection(document, uploads)).toBe(watchConnection(document, uploads));
    lose();
    expect(told).toBe(1);
    lose();
    expect(told).toBe(2);
  });

  test("leaves no half message for the next socket", () => {
    const { document, connection, lose } = openDocument();
    watchConnection(document, { connectionLost: () => undefined, isUploading: () => false });
    connection._receiver.half = "header";
    lose();
    expect(connection._receiver).toBeInstanceOf(Receiver);
    expect(connection._receiver.half).toBeNull();
  });

  test("is told by a BokehJS that says less, too", () => {
    const { document, lose } = openDocument();
    let told = 0;
    watchConnection(document, { connectionLost: () => told++, isUploading: () => false });
    lose({});
    lose({ connection: new WeakRef({}) });
    expect(told).toBe(2);
  });
});

test("half a message that came to a notebook is forgotten", () => {
  const { document, connection, manager } = openDocument();
  connection._receiver.half = "header";
  manager._receiver.half = "header";
  forgetHalfMessages(document);
  expect(manager._receiver).toBeInstanceOf(Receiver);
  expect(manager._receiver.half).toBeNull();
  expect(connection._receiver.half).toBe("header");
});

test("Panel's comm is known by its manager", () => {
  const { document } = openDocument();
  expect(hasComm(document)).toBe(true);
  expect(hasComm({ ...document, roots: () => [{}] })).toBe(false);
});
