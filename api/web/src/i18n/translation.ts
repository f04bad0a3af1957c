/** All texts of the English ones in another language that does not tell one from many: a text left out, or one too many, is a type error. */
export type Translation<T> = { readonly [Key in keyof T as Key extends `${string}_one` ? never : Key]: T[Key] extends string ? string : Translation<T[Key]> };

/** The text under `label.panel.frame`; under `label.save.failed`, the one for many. */
export type TextAt<T, Key extends string> = Key extends `${infer Head}.${infer Rest}` ? (Head extends keyof T ? TextAt<T[Head], Rest> : never) : Key extends keyof T ? T[Key] : `${Key}_other` extends keyof T ? T[`${Key}_other`] : never;

type NamesIn<Text> = Text extends `${string}{{${infer Name}}}${infer Rest}` ? Name | NamesIn<Rest> : never;
/** i18next chooses the form by `count`, also where the text itself does not say it. */
export type ValuesOf<Text> = [NamesIn<Text>] extends [never] ? [values?: { count: number }] : [values: { [Name in NamesIn<Text>]: Name extends "count" ? number : string | number } & { count?: number }];
