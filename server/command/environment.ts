// Checks the environment variables that begin with our prefix. A mistyped one is refused, just as a mistyped flag is.
import { nearestName } from './nearest-name.js';

const PREFIX = 'TENM_';

/** The variables that sysctl/apply.sh reads. */
const SCRIPT_VARIABLES = ['TENM_SYSCTL_STATE', 'TENM_PROC_SYS'];

/** The variables that Kubernetes sets in every container of a namespace for a Service whose name begins with `tenm`. */
const LINK_VALUE = /^(?:tcp|udp|sctp):\/\//i;
const LINK_NAME = /_SERVICE_(?:HOST|PORT)(?:_\w+)?$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/;

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Returns what is wrong with the variables whose names begin with `TENM_`, or `undefined` if all are known. An empty variable
 * counts as unset, as compose files mean it. Only the value of a service link is shown.
 *
 * @param known the names of the command's own variables
 * @param passedOver the names that belong to other commands
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

/** Returns the environment without the variables of flags, for a program that gets all its settings as flags. */
export const withoutFlags = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith(PREFIX)));
