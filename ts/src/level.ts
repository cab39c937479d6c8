/** How loud a stream is. */

/** Milliseconds between two looks. */
const INTERVAL = 100;

/** Decibels below the loudest that count as silence. */
const SILENCE = 60;

/** Show the level of a stream, from 0 to 1, until the function that it gives is called. */
export function watchLevel(stream: MediaStream, show: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  void context.resume().catch(() => undefined); // it may wait for a click, if Python has begun
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    show(levelOf(samples));
  }, INTERVAL);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

/** Give how loud samples between -1 and 1 are. */
export function levelOf(samples: Float32Array): number {
  const power = samples.reduce((sum, it) => sum + it * it, 0) / samples.length;
  const decibels = 10 * Math.log10(2 * power); // of a sine as loud as can be: 0
  return Math.min(1, Math.max(0, 1 + decibels / SILENCE));
}
