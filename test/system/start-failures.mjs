// Starts a Sluice with each of the options in the JSON given, one after the other, and prints how each ended. It does
// not exit by itself: that it ends shows that nothing was left running.
import { createSluice } from '../../dist/index.js';

const outcomes = [];
for (const options of JSON.parse(process.argv[2])) {
  try {
    const sluice = await createSluice(options);
    await sluice.enqueue('echo', 1);
    await sluice.close(0);
    outcomes.push('started');
  } catch (error) {
    outcomes.push(error.code);
  }
}
process.stderr.write(JSON.stringify(outcomes));
