// Loaded into Node processes under measurement before their own code: on SIGUSR2 they collect their garbage, so that
// memory can be read without waiting for V8 to do so by itself, which takes up to a minute.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

process.on('SIGUSR2', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
});
