// A snapshot, and the one before it, as text and tables.

const limitNames = {
  connections: 'Connections',
  fds: 'Open files',
  memory: 'Memory',
  tcp_memory: 'Network buffers',
};

const reasonNames = {
  client: 'client closed',
  lost: 'connection lost',
  protocol: 'broke the protocol',
  too_big: 'sent too much',
  flood: 'sent without a pause',
  too_slow: 'too slow a reader',
  pong_timeout: 'did not answer a ping',
  expired: 'token expired',
  stopping: 'server stops',
  restarting: 'worker restarts',
};

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** Makes the rows of a table body what they should be, cell by cell: focus and selection survive. */
function setRows(id, rows) {
  const body = byId(id);
  while (body.rows.length > rows.length) body.deleteRow(-1);
  rows.forEach(({ cells, className = '' }, i) => {
    const row = body.rows[i] ?? body.insertRow();
    row.className = className;
    cells.forEach((cell, j) => {
      setCell(row, j, cell);
    });
  });
}

/** A cell is a text, or { text, used } with a bar from 0 to 1 that warns from high on; the first one heads its row. */
function setCell(row, j, content) {
  let cell = row.cells[j];
  if (cell === undefined) {
    cell = row.appendChild(document.createElement(j === 0 ? 'th' : 'td'));
    if (j === 0) cell.scope = 'row';
  }
  if (typeof content === 'string') {
    if (cell.textContent !== content) cell.textContent = content;
    return;
  }
  if (cell.firstElementChild === null) {
    const bar = cell.appendChild(document.createElement('div'));
    bar.className = 'bar';
    bar.append(document.createElement('span'), document.createElement('meter'));
    if (content.high !== undefined) bar.lastChild.high = content.high;
    bar.lastChild.optimum = 0;
  }
  const [text, meter] = cell.firstElementChild.children;
  text.textContent = content.text;
  meter.value = content.used;
  meter.setAttribute('aria-label', content.label);
}

/** @param before the previous snapshot; @param past one of up to a minute ago, for what needs many observations */
function showSnapshot(now, before, past) {
  const { memory, rooms, nearest } = now.headroom;
  const cost = memory.userBytes === null ? null : memory.userBytes + memory.kernelBytes;
  setText('connections', count(now.connections));
  setText('channels', count(now.channels));
  setText(
    'room',
    rooms[nearest].connections === null ? 'no limit' : `${count(rooms[nearest].connections)} more`,
  );
  setText('each', cost === null ? '–' : bytes(cost));
  setText('stalled', count(now.stalled));
  setText('about', `version ${now.version}, up ${duration(now.uptimeSeconds)}`);

  showDrain(now);
  showCloses(now, before);
  setText('received-total', count(Math.round(now.messages.received / now.workersWanted)));
  setText('delivered-total', count(now.messages.delivered));
  setText('dropped-total', count(now.messages.dropped));
  setText('handover', quantile(0.99, past.handover, now.handover));
  setText('pings-total', count(now.pings));
  setText('ping-lag', quantile(0.99, past.pingLag, now.pingLag));
  setText('broker-kind', now.broker.kind === 'redis' ? 'Redis' : 'Embedded');
  setText('broker', brokerState(now));
  setText('probe', quantile(0.99, past.probe, now.probe));
  showWorkers(now, before);
  showLimits(now);
  showMemory(memory, cost);
}

function brokerState({ broker, workers }) {
  const hearing = workers.filter((worker) => worker.broker.isConnected).length;
  if (!broker.isConnected) return `not connected: ${broker.reason}`;
  return hearing === workers.length ? 'connected' : `${hearing} of ${workers.length} workers hear it`;
}

function showDrain({ drain }) {
  byId('drain').hidden = drain === null;
  if (drain === null) return;
  const { reason, total, remaining, etaSeconds } = drain;
  const what = reason === 'restarting' ? 'Restarting' : 'Draining';
  setText(
    'drain-text',
    `${what}: ${count(remaining)} of ${count(total)} left, about ${duration(etaSeconds)}`,
  );
  byId('drain-bar').value = total === 0 ? 1 : 1 - remaining / total;
}

function showCloses(now, before) {
  const seen = Object.entries(now.closed).filter(
    ([reason, total]) => total > 0 || reason === 'client' || reason === 'lost',
  );
  setRows(
    'closes',
    seen.map(([reason, total]) => ({
      cells: [
        reasonNames[reason] ?? reason,
        rate(perSecond(before, now, (at) => at.closed[reason] ?? 0)),
        count(total),
      ],
    })),
  );
}

function showWorkers(now, before) {
  const starting = now.workers.filter(({ state }) => state === 'starting').length;
  const notes = [`${now.workers.length - starting} of ${now.workersWanted} running`];
  if (starting > 0) notes.push(`${starting} starting`);
  if (now.workersMissing > 0) notes.push(`${now.workersMissing} not answering`);
  if (now.restarts > 0) notes.push(`${now.restarts} replaced so far`);
  setText('workers-note', notes.join(', '));
  const most = Math.max(1, ...now.workers.map(({ connections }) => connections));
  setRows(
    'workers',
    now.workers.map((worker) => {
      const earlier = before.workers.find(({ id }) => id === worker.id) ?? worker;
      const delivered = perSecond(before, now, (at) => (at === now ? worker : earlier).delivered);
      return {
        cells: [
          String(worker.number),
          worker.broker.isConnected
            ? worker.state
            : `${worker.state}, ${worker.state === 'starting' ? 'no broker yet' : 'no broker'}`,
          {
            text: count(worker.connections),
            used: worker.connections / most,
            label: `of ${count(most)}, the most of any worker`,
          },
          rate(delivered),
          seconds(mean(earlier.loopDelay, worker.loopDelay)),
          bytes(worker.memoryBytes),
        ],
      };
    }),
  );
}

function showLimits({ headroom: { rooms, nearest } }) {
  setText('limits-note', `reached first: ${(limitNames[nearest] ?? nearest).toLowerCase()}`);
  setRows(
    'limits',
    Object.entries(rooms).map(([limit, room]) => ({
      className: limit === nearest ? 'nearest' : '',
      cells: [
        limitNames[limit] ?? limit,
        { text: `${integer.format(room.usedRatio * 100)}%`, used: room.usedRatio, label: 'used', high: 0.85 },
        room.connections === null ? 'no limit' : short.format(room.connections),
      ],
    })),
  );
}

function showMemory({ userBytes, kernelBytes }, cost) {
  byId('memory-stack').hidden = cost === null;
  if (cost === null) {
    setText('memory', 'Measured once there are 1,000 connections: with fewer, other things outweigh them.');
    return;
  }
  setText(
    'memory',
    `${bytes(cost)}: ${bytes(userBytes)} in the workers, about ${bytes(kernelBytes)} in the kernel`,
  );
  const [user, kernel] = byId('memory-stack').children;
  user.style.width = `${(100 * userBytes) / cost}%`;
  kernel.style.width = `${(100 * kernelBytes) / cost}%`;
}
