/**
 * How much each piece of evidence moves the belief, in log10 odds: +1 makes a cause ten times as likely against
 * "something else", −1 a tenth. Set by reasoning about how often the evidence shows up without the cause, not fitted
 * to cases: fitted weights did not survive on cases they had not seen.
 */
export const WEIGHT = {
  /** One of a handful of services, before anything is known. */
  prior: -1,
  /** A process that ends by a fault of its own: rarely anybody else's doing. */
  exit: 2,
  /** Killed by the kernel for memory: the kernel says why. */
  oom: 2.5,
  /** SIGKILL or SIGTERM that Holdfast did not send: a fact about this process alone. */
  killed: 2.3,
  /** Could not even be started. */
  spawnFailed: 2,
  /** The kernel reports it as stopped: nothing else makes it so. */
  stopped: 2.5,
  /** Does not answer its checks or the traffic: own fault, or blocked on a callee. */
  hung: 1.7,
  /** Listens no more although it runs. */
  refused: 1.7,
  /** Bad among good peers: what is shared (callees, load, code) is ruled out. */
  oddOneOut: 1.7,
  /** Errors or slowness of a whole service: as likely passed on as made here. */
  diffuse: 0.7,
  /** No instance takes calls: follows from other symptoms. */
  noneReady: 0.4,
  /** At the end of a resource. */
  saturated: 1.5,
  /** Saturation of a resource that explains the symptom seen (memory and OOM, CPU and slow). */
  saturatedFits: 0.7,
  /** All of the extra damage starts here (scaled: share 1 → +1, 0.5 → 0, 0 → −1). */
  ownShare: 1,
  /** Each symptomatic caller, at most three: the fault radiates from here. */
  caller: 0.2,
  /** A symptomatic callee that was not later, when the own symptom is of the kind that passes on. */
  calleeSuffers: -1.7,
  /** A callee is symptomatic, but the own symptom does not come from callees. */
  calleeIrrelevant: -0.2,
  /** Something odd in its metrics or logs that began no later: causes show it, but so do victims. */
  remark: 0.25,
  /** All of these together. */
  remarks: 0.6,
  /** A change of this service within a minute before onset (fades over the change window). */
  changeJustBefore: 1.3,
  changeEarlier: 0.4,
  /** Every instance of the new revision fails, and none of the old one. */
  newFails: 1.5,
  /** Every instance fails, and all are of the new revision: the change or something shared. */
  allNewFail: 0.9,
  /** No instance of the new revision has ever become ready. */
  neverReady: 1,
  /** It was rolled back after these symptoms began: what ran then can no longer be compared. */
  undone: 0.7,
  /** Instances of the new revision are well. */
  newIsWell: -2,
  /** The change has nothing in it that could do this: a restart, a scaling. */
  noContent: -2,
  /** A signal from outside is not what new code or configuration does. */
  notByChange: -3,
  /** The same, but no life of the new revision has ever been well: then it may do that to itself. */
  perhapsByChange: -1,
  /** What the change brought had been well for a minute before it failed (less for less). */
  ranWell: -1.5,
  /** The same symptom was there before the change. */
  before: -2,
} as const;
