/**
 * Streams whose templates are known from how they are made, in the manner of many programs' logs. Nothing was chosen on
 * them; they show whether what was learnt on recorded sets holds elsewhere. Values have many alternatives, so that what
 * is a template is no matter of taste.
 */
import { Random } from '../../src/model/random.ts';
import type { LogSet } from './data.ts';

let random = Random.seeded(1);
const rnd = (): number => random.float();
const int = (bound: number): number => random.int(bound);
const pick = <T>(of: readonly T[]): T => random.pick(of);
const hex = (n: number): string => Array.from({ length: n }, () => '0123456789abcdef'[int(16)]).join('');
const uuid = (): string => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
const ip = (): string => `10.${int(256)}.${int(256)}.${int(256)}`;
const names =
  'alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil trent victor walter zoe'.split(
    ' ',
  );
const svc = 'cart orders payment shipping catalog user search email'.split(' ');
const folders = 'var lib data home srv usr etc log tmp share cache'.split(' ');
const path = (): string =>
  `/${Array.from({ length: 1 + int(4) }, () => pick(folders)).join('/')}/${pick(['a', 'file', 'index'])}${int(100)}${pick(['.log', '.txt', ''])}`;
const list = (one: () => string | number, least = 0, most = 6): string =>
  Array.from({ length: least + int(most - least + 1) }, one).join(', ');
const words = (): string =>
  Array.from({ length: 1 + int(5) }, () => pick('quick brown fox red wool lamp steel chair mug pen'.split(' '))).join(
    ' ',
  );
const ts = (): string => `2026-03-0${1 + int(9)} 1${int(10)}:${10 + int(50)}:${10 + int(50)},${100 + int(900)}`;
const said =
  'request completed|upstream failed|cache warmed|config reloaded|user logged in|user logged out|job queued|job done|connection lost|connection restored|shutting down now'.split(
    '|',
  );

const STREAMS: Readonly<Record<string, readonly (() => string)[]>> = {
  lists: [
    () => `members of group ${pick(svc)} are [${list(() => `node-${int(30)}`)}]`,
    () => `rebalanced partitions [${list(() => int(200), 1, 8)}] in ${int(900)} ms`,
    () => `assigned tags {${list(() => `${pick(names)}=${int(9)}`)}} to ${uuid()}`,
    () => `no members left in group ${pick(svc)}`,
    () => `Received heartbeat`,
  ],
  idsInFront: [
    () => `[${hex(16)}] GET ${path()} took ${int(900)}ms`,
    () => `[${hex(16)}] started transaction`,
    () => `[${hex(16)}] committed transaction after ${int(9)} retries`,
    () => `[${hex(16)}] rolled back transaction: ${pick(['deadlock detected'])}`,
    () => `req-${uuid()} user ${pick(names)} logged in from ${ip()}`,
    () => `req-${uuid()} user ${pick(names)} logged out`,
  ],
  users: [
    () => `User ${pick(names)} signed in from ${ip()}`,
    () => `User ${pick(names)} signed out`,
    () => `Password of user ${pick(names)} will expire in ${int(30)} days`,
    () => `Granting role ${pick(['admin', 'viewer', 'editor', 'owner', 'auditor', 'billing'])} to ${pick(names)}`,
    () => `Session ${hex(12)} of ${pick(names)} timed out`,
    () => `Starting up`,
    () => `Ready to accept logins`,
  ],
  quoted: [
    () => `search for "${words()}" returned ${int(50)} results`,
    () => `could not parse value '${words()}' of field '${pick(svc)}'`,
    () => `template "${pick(svc)}.html" rendered in ${int(90)} ms`,
    () => `executing query "SELECT ${list(() => pick(svc), 1, 3)} FROM ${pick(svc)} WHERE id = ${int(1e5)}"`,
    () => `query finished`,
  ],
  keyValue: [
    () =>
      `level=info ts=${int(1e9)} caller=main.go:${int(300)} msg="request served" method=GET path=${path()} status=${pick([200, 204, 404])} dur=${(rnd() * 9).toFixed(3)}ms`,
    () =>
      `level=warn ts=${int(1e9)} caller=pool.go:${int(300)} msg="pool exhausted" size=${int(50)} waiting=${int(50)}`,
    () =>
      `level=error ts=${int(1e9)} caller=db.go:${int(300)} msg="query failed" err="connection refused" host=${ip()}:5432`,
    () => `level=info ts=${int(1e9)} caller=main.go:${int(300)} msg="config reloaded" file=${path()}`,
    () => `level=debug ts=${int(1e9)} caller=gc.go:${int(300)} msg="collected" freed=${int(1e6)} took=${int(90)}ms`,
  ],
  json: [
    () =>
      JSON.stringify({
        level: 'info',
        time: int(1e12),
        pid: int(9999),
        msg: 'request completed',
        reqId: uuid(),
        ms: int(900),
      }),
    () =>
      JSON.stringify({
        level: 'error',
        time: int(1e12),
        pid: int(9999),
        msg: 'upstream failed',
        upstream: pick(svc),
        code: 'EPIPE',
      }),
    () =>
      JSON.stringify({
        level: 'info',
        time: int(1e12),
        pid: int(9999),
        msg: `user ${pick(names)} updated profile`,
        fields: Array.from({ length: 1 + int(4) }, () => pick(svc)),
      }),
    () =>
      JSON.stringify({
        level: 'warn',
        time: int(1e12),
        pid: int(9999),
        msg: 'slow query',
        ms: int(9000),
        sql: `select * from ${pick(svc)} where id=${int(1e5)}`,
      }),
  ],
  jsonBare: said.map((m) => () => JSON.stringify({ level: 'info', time: int(1e12), msg: m })),
  logfmtBare: said.map((m) => () => `time=${int(1e9)} level=info component=api msg="${m}"`),
  javaTraces: [
    () =>
      `${ts()} ERROR [http-nio-8080-exec-${int(20)}] c.a.OrderController - order ${int(1e5)} failed\njava.lang.IllegalStateException: stock ${int(99)}\n\tat com.acme.Stock.take(Stock.java:${int(300)})\n\tat com.acme.Order.place(Order.java:${int(300)})`,
    () =>
      `${ts()} INFO  [http-nio-8080-exec-${int(20)}] c.a.OrderController - order ${int(1e5)} placed by ${pick(names)}`,
    () => `${ts()} WARN  [scheduler-${int(4)}] c.a.Cleanup - ${int(100)} stale carts removed`,
    () =>
      `${ts()} INFO  [main] c.a.Application - Started Application in ${(rnd() * 20).toFixed(3)} seconds (JVM running for ${(rnd() * 30).toFixed(3)})`,
    () =>
      `${ts()} ERROR [http-nio-8080-exec-${int(20)}] c.a.PayClient - I/O error on POST request for "http://pay:8080/charge/${int(1e5)}": Read timed out`,
  ],
  postgres: [
    () =>
      `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] LOG:  checkpoint complete: wrote ${int(900)} buffers (${(rnd() * 9).toFixed(1)}%); 0 WAL file(s) added, ${int(3)} removed, ${int(3)} recycled; write=${rnd().toFixed(3)} s, sync=${rnd().toFixed(3)} s, total=${rnd().toFixed(3)} s`,
    () => `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] LOG:  checkpoint starting: ${'time'}`,
    () =>
      `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] ${pick(names)}@shop ERROR:  duplicate key value violates unique constraint "${pick(svc)}_pkey"`,
    () =>
      `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] ${pick(names)}@shop DETAIL:  Key (id)=(${int(1e5)}) already exists.`,
    () =>
      `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] ${pick(names)}@shop LOG:  duration: ${(rnd() * 900).toFixed(3)} ms  statement: SELECT * FROM ${pick(svc)} WHERE id = ${int(1e5)}`,
    () =>
      `2026-03-01 12:00:${10 + int(50)}.${100 + int(900)} UTC [${int(99999)}] FATAL:  password authentication failed for user "${pick(names)}"`,
  ],
  nginxError: [
    () =>
      `2026/03/01 12:00:${10 + int(50)} [error] ${int(9999)}#${int(99)}: *${int(1e5)} open() "${path()}" failed (2: No such file or directory), client: ${ip()}, server: localhost, request: "GET ${path()} HTTP/1.1", host: "shop.example"`,
    () =>
      `2026/03/01 12:00:${10 + int(50)} [error] ${int(9999)}#${int(99)}: *${int(1e5)} connect() failed (111: Connection refused) while connecting to upstream, client: ${ip()}, server: , request: "GET ${path()} HTTP/1.1", upstream: "http://${ip()}:8080${path()}", host: "shop.example"`,
    () => `2026/03/01 12:00:${10 + int(50)} [notice] ${int(9999)}#${int(99)}: signal process started`,
    () =>
      `2026/03/01 12:00:${10 + int(50)} [warn] ${int(9999)}#${int(99)}: *${int(1e5)} an upstream response is buffered to a temporary file ${path()} while reading upstream, client: ${ip()}`,
  ],
  kernel: [
    () => `[${(rnd() * 1e5).toFixed(6)}] eth${int(4)}: link up, 1000Mbps, full-duplex`,
    () =>
      `[${(rnd() * 1e5).toFixed(6)}] usb ${int(4)}-${int(4)}: new high-speed USB device number ${int(30)} using xhci_hcd`,
    () =>
      `[${(rnd() * 1e5).toFixed(6)}] Out of memory: Killed process ${int(99999)} (${pick(svc)}) total-vm:${int(1e7)}kB, anon-rss:${int(1e6)}kB`,
    () =>
      `[${(rnd() * 1e5).toFixed(6)}] audit: type=1400 audit(${int(1e9)}.${int(999)}:${int(99)}): apparmor="DENIED" operation="open" profile="${path()}" name="${path()}" pid=${int(9999)} comm="${pick(svc)}"`,
    () =>
      `[${(rnd() * 1e5).toFixed(6)}] EXT4-fs (sda${int(9)}): mounted filesystem ${uuid()} r/w with ordered data mode`,
  ],
  mixedLanguages: [
    () => `Benutzer ${pick(names)} hat die Bestellung ${int(1e5)} storniert`,
    () => `Bestellung ${int(1e5)} wurde in ${int(900)} ms bearbeitet`,
    () => `ユーザー ${pick(names)} がログインしました`,
    () => `注文 ${int(1e5)} の処理に失敗しました: 在庫不足`,
    () => `L’utilisateur ${pick(names)} s’est déconnecté après ${int(90)} min`,
    () => `Пользователь ${pick(names)} вошёл в систему`,
  ],
  numbersInWords: [
    () => `volume vol${int(100)}a attached to instance i${hex(8)}`,
    () => `thread Thread-${int(50)} waiting for lock L${int(30)}`,
    () => `checksum ${hex(40)} verified for part${int(30)}of${30 + int(9)}`,
    () => `retry first of upload u${int(1e4)}x`,
    () => `switching to http2 for ${pick(svc)}.example.com`,
  ],
  stateWords: [
    () => `circuit breaker for ${pick(svc)} is now open`,
    () => `circuit breaker for ${pick(svc)} is now closed`,
    () => `circuit breaker for ${pick(svc)} is now half-open`,
    () => `lease acquired by ${pick(names)}`,
    () => `lease released by ${pick(names)}`,
    () => `lease renewed by ${pick(names)}`,
    () => `lease expired for ${pick(names)}`,
    () => `leader elected: ${pick(names)}`,
  ],
  syslogd: [
    () =>
      `Mar ${1 + int(28)} 12:${10 + int(50)}:${10 + int(50)} host${int(5)} sshd[${int(99999)}]: Accepted publickey for ${pick(names)} from ${ip()} port ${int(65535)} ssh2: RSA SHA256:${hex(43)}`,
    () =>
      `Mar ${1 + int(28)} 12:${10 + int(50)}:${10 + int(50)} host${int(5)} CRON[${int(99999)}]: (root) CMD (${path()} --quiet)`,
    () => `Mar ${1 + int(28)} 12:${10 + int(50)}:${10 + int(50)} host${int(5)} systemd[1]: Started Rotate log files.`,
    () =>
      `Mar ${1 + int(28)} 12:${10 + int(50)}:${10 + int(50)} host${int(5)} systemd[1]: ${pick(svc)}.service: Main process exited, code=exited, status=${int(9)}/FAILURE`,
    () =>
      `Mar ${1 + int(28)} 12:${10 + int(50)}:${10 + int(50)} host${int(5)} kernel: [${(rnd() * 1e5).toFixed(6)}] TCP: request_sock_TCP: Possible SYN flooding on port ${int(65535)}. Sending cookies.`,
  ],
  redis: [
    () =>
      `${int(99999)}:M 01 Mar 2026 12:00:${10 + int(50)}.${100 + int(900)} * Background saving started by pid ${int(99999)}`,
    () => `${int(99999)}:C 01 Mar 2026 12:00:${10 + int(50)}.${100 + int(900)} * DB saved on disk`,
    () =>
      `${int(99999)}:M 01 Mar 2026 12:00:${10 + int(50)}.${100 + int(900)} * ${1 + int(1e4)} changes in ${pick([60, 300, 3600])} seconds. Saving...`,
    () =>
      `${int(99999)}:S 01 Mar 2026 12:00:${10 + int(50)}.${100 + int(900)} # Error condition on socket for SYNC: ${'Connection refused'}`,
    () => `${int(99999)}:M 01 Mar 2026 12:00:${10 + int(50)}.${100 + int(900)} - Accepted ${ip()}:${int(65535)}`,
  ],
};

/** Two thousand lines of each; the templates differ in how often they come, as everywhere. */
export function madeSets(seed: number, count = 2_000): LogSet[] {
  return Object.entries(STREAMS).map(([name, templates]) => {
    random = Random.seeded(seed);
    const weights = templates.map((_, at) => 1 / (at + 1));
    const all = weights.reduce((sum, weight) => sum + weight, 0);
    const lines: string[] = [];
    const truth: string[] = [];
    for (let n = 0; n < count; n++) {
      let left = rnd() * all;
      let at = 0;
      while (at < templates.length - 1 && left > (weights[at] as number)) left -= weights[at++] as number;
      lines.push((templates[at] as () => string)());
      truth.push(String(at));
    }
    return { name, lines, truth };
  });
}
