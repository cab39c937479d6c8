/** What one browser keeps for all its pages. */

export class FakeStorage {
  readonly items = new Map<string, string>();
  getItem = (key: string) => this.items.get(key) ?? null;
  setItem = (key: string, value: string) => void this.items.set(key, value);
  removeItem = (key: string) => void this.items.delete(key);
}

/** Locks of pages that are all there; shared ones never wait. */
export class FakeLocks {
  private readonly held = new Set<{ name: string }>();

  request = async (name: string, _options: unknown, callback: () => Promise<void>) => {
    const lock = { name };
    this.held.add(lock);
    await callback();
    this.held.delete(lock);
  };

  query = async () => ({ held: [...this.held], pending: [] });
}
