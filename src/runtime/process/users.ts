/** Users and groups by the local files: `uid`, `uid:gid`, `name`, `name:group`. */
import { HoldfastError } from '../../model/errors.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
  /** null: the number has no entry, so there is no home and there are no further groups. */
  readonly name: string | null;
  readonly home: string | null;
}

interface PasswdEntry extends Account {
  readonly name: string;
}

export function parsePasswd(text: string): readonly PasswdEntry[] {
  const entries: PasswdEntry[] = [];
  for (const line of text.split('\n')) {
    const [name, , uid, gid, , home] = line.split(':');
    if (!name || name.startsWith('#') || !/^\d+$/.test(uid ?? '') || !/^\d+$/.test(gid ?? '')) continue;
    entries.push({ name, uid: Number(uid), gid: Number(gid), home: home || null });
  }
  return entries;
}

/** Throws HF3004. */
export function findAccount(user: string, passwd: string, group: string): Account {
  const [who = '', ofGroup] = user.split(':');
  const numeric = /^\d+$/.test(who);
  const entry = parsePasswd(passwd).find((each) => (numeric ? each.uid === Number(who) : each.name === who));
  if (!entry && !numeric) throw new HoldfastError('HF3004', `user ${JSON.stringify(who)} is not in /etc/passwd`);
  const uid = entry?.uid ?? Number(who);
  const gid = ofGroup === undefined ? (entry?.gid ?? uid) : findGroup(ofGroup, group);
  return { uid, gid, name: entry?.name ?? null, home: entry?.home ?? null };
}

function findGroup(group: string, text: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  for (const line of text.split('\n')) {
    const [name, , gid] = line.split(':');
    if (name === group && /^\d+$/.test(gid ?? '')) return Number(gid);
  }
  throw new HoldfastError('HF3004', `group ${JSON.stringify(group)} is not in /etc/group`);
}
