// Variables of the environment that begin like ours: a mistyped one is refused, as a mistyped flag is.
import { nearestName } from './nearest-name.js';

const PREFIX = 'TENM_';

/** What sysctl/apply.sh reads. */
const SCRIPT_VARIABLES = ['TENM_SYSCTL_STATE', 'TENM_PROC_SYS'];

/** What Kubernetes sets in every container of a namespace for a Service whose name begins with `tenm`. */
const LINK_VALUE = /^(?:tcp|udp|sctp):\/\//i;
const LINK_NAME = /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What is wrong with the variables whose names begin with `TENM_`; `undefined` when all are known. An empty one is unset:
 * so compose files say it. No value is shown but a service link's.
 *
 * @param known names of the command's own variables
 * @param passedOver names that are left to other commands
 */
export function strayVariable(
  environment: Environment,
  known: readonly string[],
  passedOver: readonly string[],
): string | undefined {
  for (const [name, value = ''] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === '') continue;
    const isLink = LINK_VALUE.test(value);
    const isKnown = [known, passedOver, SCRIPT_VARIABLES].some((names) => names.includes(name));
    if (isLink || (!isKnown && LINK_NAME.test(name))) {
      const shown = isLink ? `${name}=${value}` : name;
      return `${shown} is a service link, which Kubernetes sets for a Service; set enableServiceLinks: false in the pod, or give the Service a name that does not begin with tenm`;
    }
    if (!isKnown) return `${name} names no flag; the nearest is ${nearestName(name, known)?.name}`;
  }
  return undefined;
}

/** An environment without the variables of flags, for a program that is given all of its flags. */
export const withoutFlags = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith(PREFIX)));
