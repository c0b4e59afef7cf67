/** Every protocol that can be taken in, by its name. Adding one is a folder and a line here. */
import type { Intake } from './contract.ts';
import { otlpGrpc } from './otlp/grpc.ts';
import { otlpHttp } from './otlp/http.ts';
import { remoteWrite } from './prometheus/remote-write.ts';

export const INTAKES: readonly Intake[] = [otlpHttp, otlpGrpc, remoteWrite];
