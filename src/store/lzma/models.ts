/** Where each adaptive probability of LZMA lies in one array (LZMA specification, `lzma-specification.txt` of the LZMA SDK). */

export const STATES = 12;
const POSITION_STATES = 16;
/** Two choices, then trees of three, three and eight bits, the first two per position state. */
const LENGTH_MODELS = 2 + 2 * POSITION_STATES * 8 + 256;

export const LENGTH = {
  choice: 0,
  longChoice: 1,
  low: 2,
  middle: 2 + POSITION_STATES * 8,
  high: 2 + 2 * POSITION_STATES * 8,
} as const;

/** Slots from this one on end in bits that are not modelled and four that are. */
export const FIRST_DIRECT_SLOT = 14;
export const FIRST_MODELLED_SLOT = 4;
const MODELLED_DISTANCES = 128;

let next = 0;
const place = (count: number) => {
  next += count;
  return next - count;
};

export const MODEL = {
  isMatch: place(STATES * POSITION_STATES),
  isRepeat: place(STATES),
  isRepeat0: place(STATES),
  isRepeat1: place(STATES),
  isRepeat2: place(STATES),
  isRepeat0Long: place(STATES * POSITION_STATES),
  slot: place(4 * 64),
  distance: place(MODELLED_DISTANCES),
  align: place(16),
  matchLength: place(LENGTH_MODELS),
  repeatLength: place(LENGTH_MODELS),
  /** Of `LITERAL_MODELS << (lc + lp)`; the last. */
  literal: place(0),
} as const;

export const LITERAL_MODELS = 0x300;
