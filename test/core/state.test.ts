import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canMove,
  isTerminal,
  type State,
  STATES,
  TERMINAL_STATES,
  type Transition,
  TRANSITIONS,
} from '../../src/core/state.ts';

const moves = Object.entries(TRANSITIONS) as [Transition, { from: readonly State[]; to: readonly State[] }][];

describe('the table of states', () => {
  it('lets nothing leave a terminal state', () => {
    for (const from of TERMINAL_STATES) {
      expect(STATES.filter((to) => canMove(from, to))).toEqual([]);
    }
  });

  it('reaches every state from queued, and a terminal one from every other', () => {
    const reachable = (start: State): Set<State> => {
      const seen = new Set([start]);
      for (const state of seen) for (const to of STATES.filter((next) => canMove(state, next))) seen.add(to);
      return seen;
    };
    expect([...reachable('queued')].toSorted()).toEqual([...STATES].toSorted());
    for (const state of STATES) expect([...reachable(state)].some(isTerminal)).toBe(true);
  });

  it('has a task run by a claim only, and queued by a confirmed publish only', () => {
    const into = (state: State): Transition[] =>
      moves.filter(([, { to }]) => to.includes(state)).map(([name]) => name);
    expect(into('running')).toEqual(['claim']);
    expect(into('queued')).toEqual(['publish']);
  });

  it('agrees with canMove', () => {
    fc.assert(
      fc.property(fc.constantFrom(...STATES), fc.constantFrom(...STATES), (from, to) => {
        const listed = moves.some(([, move]) => move.from.includes(from) && move.to.includes(to));
        expect(canMove(from, to)).toBe(listed);
      }),
    );
  });
});
