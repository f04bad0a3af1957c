import { InvalidArgumentError, Option } from "commander";

/** A whole number from 1. */
export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("give a whole number from 1.");
  return Number(text);
}

/** A number; the API says which ones are allowed. */
export function number(text: string): number {
  if (text.trim() === "" || !Number.isFinite(Number(text))) throw new InvalidArgumentError("give a number.");
  return Number(text);
}

/** An option that may be given again and again. */
export const again = (text: string, before: string[] = []): string[] => [...before, text];

export const choice = (flags: string, description: string, allowed: readonly string[]): Option => new Option(flags, description).choices(allowed);
