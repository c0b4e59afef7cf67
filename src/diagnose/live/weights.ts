/**
 * How much each piece of evidence moves the belief, in log10 odds: +1 makes a cause ten times as likely against
 * "something else", −1 a tenth. Set by reasoning about how often the evidence shows up without the cause, not fitted
 * to cases: fitted weights did not survive on cases they had not seen.
 */
export const WEIGHT = {
  /** The kernel reports it as stopped: nothing else makes it so. */
  stopped: 2.5,
  /** Does not answer its checks or the traffic: own fault, or blocked on a callee. */
  hung: 1.7,
  /** Listens no more although it runs. */
  refused: 1.7,
  /** Asked on its callers' way it fails, asked beside it does not: what else would it be? */
  way: 2.5,
  /** The same while its next check may still fail too. */
  wayFresh: 0.8,
  /** No connection opens although it runs: packets are lost. Sometimes it is the one who connects that is late. */
  unopened: 2.2,
  /** Connections to it break off in use, and its check passes: now and then a program does that. */
  wayBroken: 1.5,
  /** Bad among good peers: what is shared (callees, load, code) is ruled out. */
  oddOneOut: 1.7,
  /** Bad for one caller while others call the same instances in the same seconds and are well: the way is what differs. */
  oneCaller: 1.7,
  /** Errors or slowness of a whole service: as likely passed on as made here. */
  diffuse: 0.7,
  /** No instance takes calls: follows from other symptoms. */
  noneReady: 0.4,
  /** At the end of a resource. */
  saturated: 1.5,
  /** Saturation of a resource that explains the symptom seen (memory and OOM, CPU and slow). */
  saturatedFits: 0.7,
  /** A machine that is short of processors, and one ill service on it: it or the machine. */
  starvedAlone: 0.1,
  /** The same while much of the damage starts in other services on it. */
  starvedSpread: 0.9,
  /** A machine whose disk is slow for us as well, and one ill service on it: the disk was measured, the service was not. */
  slowDiskAlone: 1.2,
  /** Its machine is short of processors, and all that is seen of it may come of that. */
  starved: -1.2,
  /** All that runs on a machine was killed within seconds: by chance next to never. */
  lost: 3,
  /** It was killed together with all else on its machine: then that is no fault of its own. */
  lostToo: -2.5,
  /** Each symptomatic caller, at most three: the fault radiates from here. */
  caller: 0.2,
  /** A symptomatic callee that was not later, when the own symptom is of the kind that passes on. */
  calleeSuffers: -1.7,
  /** A callee is symptomatic, but the own symptom does not come from callees. */
  calleeIrrelevant: -0.2,
  /** Something odd in its metrics or logs that began no later: causes show it, but so do victims. */
  remark: 0.25,
  /** What it calls answers on connections whose answers are not timed: what starts there counts as its own. */
  unmeasured: -1.7,
  /** A signal from outside is not what new code or configuration does. */
  notByChange: -3,
} as const;
