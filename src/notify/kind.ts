/** What a folder of this house exports: a kind of receiver, and how a notifier for one address of it is made. */
import type { Notifier } from './contract.ts';
import type { Target } from './target.ts';

export interface NotifierKind {
  /** What addresses begin with: `webhook` in `webhook+https://…`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** Forms of an address, for errors and for the docs; the first is the usual one. */
  readonly examples: readonly string[];
  /** Its own options after `#`, besides the common ones, with what each means. */
  readonly options: Readonly<Record<string, string>>;
  /** HF7002 when an option or a file that it names is no good. */
  create(target: Target): Pick<Notifier, 'repeatMs' | 'deliver' | 'silence'>;
}
