/** The top level of a spec file. */
import { bool, count, dict, either, list, listOrDict, object, type Shape, text, textOrList } from '../shape.ts';
import { ownTop, policy } from './holdfast.ts';
import { services } from './service.ts';

const NAME = /^[a-zA-Z0-9._-]+$/;
const external = either(bool, object({ name: text }));

const network = object({
  attachable: bool,
  driver: text,
  driver_opts: dict(text),
  enable_ipv4: bool,
  enable_ipv6: bool,
  external,
  internal: bool,
  ipam: object({
    driver: text,
    config: list(object({ subnet: text, ip_range: text, gateway: text, aux_addresses: dict(text) })),
    options: dict(text),
  }),
  labels: listOrDict,
  name: text,
});

const volume = object({ driver: text, driver_opts: dict(text), external, labels: listOrDict, name: text });

const secret = {
  driver: text,
  driver_opts: dict(text),
  environment: text,
  external,
  file: text,
  labels: listOrDict,
  name: text,
  template_driver: text,
};

export const file: Shape = object({
  version: text,
  name: text,
  include: list(either(text, object({ path: textOrList, env_file: textOrList, project_directory: text }, ['path']))),
  services,
  networks: dict(network, NAME),
  volumes: dict(volume, NAME),
  configs: dict(object({ ...secret, content: text }), NAME),
  secrets: dict(object(secret), NAME),
  models: dict(object({ name: text, model: text, context_size: count, runtime_flags: list(text) }), NAME),
  policy,
  'x-holdfast': ownTop,
});
