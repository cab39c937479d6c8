import "fake-indexeddb/auto";
import { describe, expect, it, vi } from "vitest";
import { type FileHandle, fileOf, Handles, handleOf } from "./handles";

/** A structured clone keeps the data of a handle that is none. */
const HANDLE = { name: "a.bin" } as FileHandle;

describe("a handle", () => {
  it("is found by a later page, until it is forgotten", async () => {
    await new Handles().keep("u1", HANDLE);
    expect(await new Handles().find("u1")).toEqual(HANDLE);
    expect(await new Handles().find("u2")).toBeNull();
    await new Handles().forget("u1");
    expect(await new Handles().find("u1")).toBeNull();
  });

  it("is forgotten when its upload is not known any more", async () => {
    const handles = new Handles();
    for (const id of ["u1", "u2"]) await handles.keep(id, HANDLE);
    await handles.forgetUnless((id) => id === "u2");
    expect(await handles.find("u1")).toBeNull();
    expect(await handles.find("u2")).toEqual(HANDLE);
  });

  it("that cannot be kept is none", async () => {
    const handles = new Handles();
    await handles.keep("u3", { getFile: () => undefined } as unknown as FileHandle);
    expect(await handles.find("u3")).toBeNull();
  });

  it("goes with its file", async () => {
    const file = new File(["abc"], "a.bin");
    const handle = { getFile: async () => file } as unknown as FileHandle;
    expect(handleOf(file)).toBeNull();
    expect(handleOf(await fileOf(handle))).toBe(handle);
  });
});

it.each<[string, unknown]>([
  ["missing", undefined],
  [
    "forbidden",
    {
      open: () => {
        throw new DOMException("no", "SecurityError");
      },
    },
  ],
])("where IndexedDB is %s, nothing is kept, and nothing fails", async (_, indexedDB) => {
  vi.stubGlobal("indexedDB", indexedDB);
  const handles = new Handles();
  await handles.keep("u1", HANDLE);
  await handles.forget("u1");
  await handles.forgetUnless(() => false);
  expect(await handles.find("u1")).toBeNull();
});
