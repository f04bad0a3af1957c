/**
 * Many who want the same thing at once share one doing of it. Whoever comes while it is being done waits for the next one, so that what each
 * of them saw before it asked is covered by a doing that began afterwards.
 */
export function createCoalescer<T>() {
  const running = new Map<string, Promise<T>>();
  const waiting = new Map<string, Promise<T>>();

  return (key: string, act: () => Promise<T>): Promise<T> => {
    const next = waiting.get(key);
    if (next !== undefined) return next;
    const mine: Promise<T> = Promise.resolve(running.get(key))
      .catch(() => undefined)
      .then(() => {
        waiting.delete(key);
        running.set(key, mine);
        return act();
      })
      .finally(() => {
        if (running.get(key) === mine) running.delete(key);
      });
    waiting.set(key, mine);
    return mine;
  };
}
