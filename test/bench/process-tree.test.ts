import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { cpuUs } from '../../bench/process-tree.ts';

const BURN_US = 900_000;
/** A process is charged whole steps of 10 ms; starting Node takes more than one of them. */
const OTHER_US = 600_000;

/** Burns in a child, which it then ends, and then in itself; says so each time, and lives on. */
const PARENT = `
const { spawn } = require('node:child_process');
const burn = 'const start = process.cpuUsage(); for (;;) {'
  + 'const { user, system } = process.cpuUsage(start); if (user + system > ${BURN_US}) break; }';
const child = spawn(process.execPath, ['-e', burn + 'console.log("burnt"); setInterval(() => {}, 1000)']);
child.stdout.once('data', () => console.log('child burnt'));
process.stdin.once('data', () => {
  child.once('exit', () => console.log('child ended'));
  child.kill();
});
`;

it.skipIf(process.platform !== 'linux')(
  'counts what a child has used, while it runs and after its end',
  async () => {
    const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill());
    const lines = createInterface(parent.stdout);
    const { pid = 0 } = parent;
    const before = cpuUs([pid]);

    await once(lines, 'line');
    const running = cpuUs([pid]) - before;
    expect(running).toBeGreaterThan(BURN_US);
    expect(running).toBeLessThan(BURN_US + OTHER_US);

    parent.stdin.write('end it\n');
    await once(lines, 'line');
    const ended = cpuUs([pid]) - before;
    expect(ended).toBeGreaterThanOrEqual(running);
    expect(ended).toBeLessThan(running + OTHER_US);
  },
);

it('has nothing to count of a process that has ended', () => {
  expect(cpuUs([2 ** 30])).toBe(0);
});
