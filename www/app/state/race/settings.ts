import { signal } from "@preact/signals";
import { RACE } from "../../words.js";

export interface Player {
  id: string;
  /** Empty while nobody has given one. */
  name: string;
  colour: number;
}

/** Who guesses: the network as it comes, or as it was taught on this page. */
export type Source = "ready-made" | "own";

export interface Settings {
  players: readonly Player[];
  rounds: number;
  source: Source;
  /** The most points in a game alone, by what was played. */
  best: Readonly<Record<string, number>>;
}

export const MOST_PLAYERS = 8;
export const ROUNDS = [3, 6, 10];
const KEY = "doodletune.race";

const FIRST: Settings = {
  players: [{ id: "1", name: "", colour: 4 }],
  rounds: 6,
  source: "ready-made",
  best: {},
};

/** What was set up last; remembered where the browser lets us. */
export const settings = signal<Settings>(remembered());

export function note(change: Partial<Settings>): void {
  settings.value = { ...settings.value, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings.value));
  } catch {
    // Names of players are no loss.
  }
}

export function addPlayer(): void {
  const { players } = settings.value;
  const free = [0, 1, 2, 3, 4, 5, 6, 7].find((colour) => players.every((one) => one.colour !== colour));
  note({ players: [...players, { id: `${Date.now()}`, name: "", colour: free ?? 0 }] });
}

export function removePlayer(id: string): void {
  note({ players: settings.value.players.filter((one) => one.id !== id) });
}

export function changePlayer(id: string, change: Partial<Player>): void {
  note({ players: settings.value.players.map((one) => (one.id === id ? { ...one, ...change } : one)) });
}

export function nameOf({ name }: Player, index: number): string {
  return name.trim() || RACE.player(index + 1);
}

function remembered(): Settings {
  try {
    const saved = JSON.parse(localStorage.getItem(KEY) ?? "null") as Partial<Settings> | null;
    const usable =
      Array.isArray(saved?.players) && saved.players.length > 0 && ROUNDS.includes(saved.rounds!);
    return usable ? { ...FIRST, ...saved } : FIRST;
  } catch {
    return FIRST;
  }
}
