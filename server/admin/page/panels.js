// A snapshot, and the one before it, as text and tables.

const limitNames = {
  connections: 'Connections',
  fds: 'Open files',
  memory: 'Memory',
  tcp_memory: 'TCP buffers',
};

const reasonNames = {
  client: 'client closed',
  lost: 'connection lost',
  protocol: 'broke the protocol',
  too_big: 'sent too much',
  flood: 'sent without a pause',
  too_slow: 'too slow a reader',
  pong_timeout: 'no pong',
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

const sumOf = (values) => Object.values(values).reduce((sum, value) => sum + value, 0);

/** Change per second of a counter between two snapshots; 0 where it began anew. */
const perSecond = (before, now, read) =>
  Math.max(0, read(now) - read(before)) / Math.max(0.2, (now.timeMs - before.timeMs) / 1000);

/** @param before the previous snapshot; @param past one of up to a minute ago, for what needs many observations */
function showSnapshot(now, before, past) {
  const { memory, rooms, nearest } = now.headroom;
  const cost = memory.userBytes === null ? null : memory.userBytes + memory.kernelBytes;
  setText('connections', count(now.connections));
  setText('channels', count(now.channels));
  setText(
    'room',
    rooms[nearest].connections === null ? 'no bound' : `${count(rooms[nearest].connections)} more`,
  );
  setText('each', cost === null ? '–' : bytes(cost));
  setText('stalled', count(now.stalled));
  setText('about', `version ${now.version}, up ${duration(now.uptimeSeconds)}`);

  showDrain(now);
  showCloses(now, before);
  const workers = Math.max(1, now.workers.length);
  setText('received-total', count(Math.round(now.messages.received / workers)));
  setText('delivered-total', count(now.messages.delivered));
  setText('dropped-total', count(now.messages.dropped));
  setText('handover', seconds(quantile(0.99, past.handover, now.handover)));
  setText('pings-total', count(now.pings));
  setText('ping-lag', seconds(quantile(0.99, past.pingLag, now.pingLag)));
  setText('broker-kind', now.broker.kind === 'redis' ? 'Redis' : 'Embedded');
  setText('broker', brokerState(now));
  setText('probe', seconds(quantile(0.99, past.probe, now.probe)));
  showWorkers(now, before);
  showLimits(now);
  showMemory(memory, cost);

  const time = now.timeMs / 1000;
  const rateOf = (read) => (before === now ? null : perSecond(before, now, read));
  charts.connections.add(time, now.connections);
  charts.churn.add(
    time,
    rateOf((at) => at.opened),
    rateOf((at) => sumOf(at.closed)),
  );
  const received = rateOf((at) => at.messages.received);
  charts.messages.add(
    time,
    rateOf((at) => at.messages.delivered),
    received === null ? null : received / workers,
  );
  charts.pings.add(
    time,
    rateOf((at) => at.pings),
  );
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
  const notes = [`${now.workers.length} of ${now.workersWanted} running`];
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
          worker.broker.isConnected || worker.state === 'starting'
            ? worker.state
            : `${worker.state}, no broker`,
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
  setRows(
    'limits',
    Object.entries(rooms).map(([limit, room]) => ({
      className: limit === nearest ? 'nearest' : '',
      cells: [
        `${limitNames[limit] ?? limit}${limit === nearest ? ', nearest' : ''}`,
        { text: `${integer.format(room.usedRatio * 100)}%`, used: room.usedRatio, label: 'used', high: 0.85 },
        room.connections === null ? 'no bound' : short.format(room.connections),
      ],
    })),
  );
}

function showMemory({ userBytes, kernelBytes }, cost) {
  byId('memory-stack').hidden = cost === null;
  if (cost === null) {
    setText('memory', 'Told from 1,000 connections on.');
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
