import { computed, effect, signal } from "@preact/signals";
import { keepingOpen } from "../../parts/keep/open.js";
import { report } from "../learner.js";
import { current as project } from "../storage.js";
import { trainings } from "../training.js";
import { view } from "../view.js";
import { Clock } from "./clock.js";
import { available, guesser, ownWords, wordsOf } from "./guessers.js";
import { RaceInk, type InkRecord } from "./ink.js";
import { Judge, LOOK_EVERY_MS, type Guesser, type Look } from "./judge.js";
import { nameOf, note, settings, type Player } from "./settings.js";

/** How long everybody has for a word. */
export const LIMIT_MS = 20_000;
const COUNT_FROM = 3;

/** One player, one word. */
export interface Turn {
  player: Player;
  word: string;
  round: number;
}

/** What a turn came to. */
export interface Result extends Turn {
  /** When the network recognised it; null if it did not. */
  time: number | null;
  points: number;
  /** How many words in a row this player has had recognised. */
  streak: number;
  record: InkRecord;
  looks: readonly Look[];
  /** How long the turn lasted. */
  length: number;
}

/** Where the game is. */
export type Stage = "setup" | "handover" | "countdown" | "draw" | "verdict" | "end";

export const stage = signal<Stage>("setup");
export const turns = signal<readonly Turn[]>([]);
export const results = signal<readonly Result[]>([]);
export const turn = computed(() => turns.value[results.value.length]);
/** The turn that has just been judged. */
export const latest = computed(() => results.value.at(-1));
export const alone = computed(() => new Set(turns.value.map(({ player }) => player.id)).size === 1);
/** What is left of the countdown, in seconds. */
export const count = signal(COUNT_FROM);
/** The turn under way. */
export const race = signal<{ ink: RaceInk; judge: Judge; bar: number; end: () => void } | null>(null);
/** Milliseconds since the turn began. */
export const elapsed = signal(0);
/** Whether the time is up, and the network still looking. */
export const judging = signal(false);

/** What one's own network is: it changes with each training, project and name. */
const own = computed(() => JSON.stringify([trainings.value, project.value, ownWords.value]));
/** What it was when the race began. */
const learnt = signal("");
/** Whether the network is the one that the race began with: it has to be the same for everybody. */
export const fair = computed(() => {
  const { source } = settings.value;
  return available.value[source] && (source === "ready-made" || own.value === learnt.value);
});

export interface Standing {
  player: Player;
  points: number;
  recognised: number;
  /** 1 for the best; the same for equals. */
  place: number;
}

/** Who has how many points, the best first. */
export const standings = computed((): Standing[] => {
  const players = new Map(turns.value.map(({ player }) => [player.id, player]));
  const sums = [...players.values()].map((player) => {
    const own = results.value.filter((result) => result.player.id === player.id);
    const points = own.reduce((sum, result) => sum + result.points, 0);
    return { player, points, recognised: own.filter(({ time }) => time !== null).length };
  });
  const place = (points: number) => 1 + sums.filter((other) => other.points > points).length;
  return sums.map((sum) => ({ ...sum, place: place(sum.points) })).toSorted((a, b) => b.points - a.points);
});

/** Everybody draws every word; another begins in each round. */
export function start(): void {
  const { players, rounds, source } = settings.value;
  // The network of the game before may be gone.
  if (!available.value[source]) return leave();
  const named = players.map((player, index) => ({ ...player, name: nameOf(player, index) }));
  const words = wordsOf(source, rounds);
  turns.value = words.flatMap((word, round) =>
    named.map((_, index) => ({ player: named[(index + round) % named.length]!, word, round })),
  );
  results.value = [];
  learnt.value = own.peek();
  stage.value = "handover";
}

/** Back to the table, with what has been set up. */
export function leave(): void {
  cancel();
  stage.value = "setup";
}

let counting: ReturnType<typeof setInterval> | undefined;

/** Shows the word, counts down and lets draw. */
export function ready(): void {
  if (!fair.value) return;
  stage.value = "countdown";
  count.value = COUNT_FROM;
  clearInterval(counting);
  counting = setInterval(() => {
    if (--count.value > 0) return;
    clearInterval(counting);
    go(guesser(settings.value.source));
  }, 800);
}

let current: object | undefined;

/** Ends the turn here and now. */
export function giveUp(): void {
  race.value?.end();
}

/** Ends a turn that nobody will finish; it can be taken again. */
function cancel(): void {
  clearInterval(counting);
  current = undefined;
  race.value = null;
  if (stage.value === "countdown" || stage.value === "draw") stage.value = "handover";
}

// Whoever goes to another room, or to the projects, gives the pen back.
effect(() => {
  if (view.value !== "race" || keepingOpen.value) cancel();
});

async function go(guesser: Guesser): Promise<void> {
  const clock = new Clock();
  const ink = new RaceInk(clock.now, LIMIT_MS);
  const judge = new Judge(guesser, ink.record, turn.value!.word);
  const me = (current = {});
  let end = LIMIT_MS;
  elapsed.value = 0;
  judging.value = false;
  race.value = { ink, judge, bar: guesser.bar, end: () => (end = Math.min(end, elapsed.value)) };
  stage.value = "draw";
  // The clock does not wait for the network, which may have to catch up when the time is over.
  const ticking = setInterval(() => {
    elapsed.value = Math.min(clock.now(), end);
    if (elapsed.value < end) return;
    ink.dry();
    judging.value = true;
  }, 50);
  try {
    while (!judging.value && judge.recognised === null && me === current) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await judge.lookUntil(elapsed.value);
    }
    // One look more: what convinced at the last one has had no second.
    if (me === current) await judge.lookUntil(end + LOOK_EVERY_MS);
    if (me === current) settle(ink.record, judge, end);
  } catch (error) {
    if (me !== current) return;
    cancel();
    report(error);
  } finally {
    clearInterval(ticking);
    clock.stop();
  }
}

function settle(record: InkRecord, judge: Judge, end: number): void {
  const now = turn.value!;
  const time = judge.recognised;
  const looks = judge.looks.value;
  const before = results.value.findLast(({ player }) => player.id === now.player.id)?.streak ?? 0;
  const streak = time === null ? 0 : before + 1;
  const length = time === null ? end : Math.max(time, looks.at(-1)!.at);
  results.value = [
    ...results.value,
    { ...now, time, streak, points: pointsFor(time, streak), record, looks, length },
  ];
  current = undefined;
  race.value = null;
  stage.value = "verdict";
}

/** Ten for each second that was left, and fifty for each word in a row after the first. */
function pointsFor(time: number | null, streak: number): number {
  return time === null ? 0 : Math.round((LIMIT_MS - time) / 100) + 50 * Math.min(streak - 1, 3);
}

/** On to the next turn, or to the result. */
export function next(): void {
  if (turn.value) return alone.value && fair.value ? ready() : void (stage.value = "handover");
  stage.value = "end";
  if (alone.value) noteBest();
}

/** Whether the game just played was the best of all that were played alone. */
export const record = signal(false);

function noteBest(): void {
  const { points } = standings.value[0]!;
  const { best, rounds, source } = settings.value;
  const kind = `${source}-${rounds}`;
  record.value = points > (best[kind] ?? 0);
  if (record.value) note({ best: { ...best, [kind]: points } });
}
