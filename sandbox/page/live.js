// The stream of what happens, for the person shown. It comes back by itself when the server was away.

/** Follow a person's events: `onEvent(data)` for each, `onState(connected)` when the line goes or comes back. */
export function follow(user, { onEvent, onState }) {
  let source = null;
  let timer = null;
  let stopped = false;
  let wait = 500;

  function open() {
    if (stopped) return;
    source = new EventSource(`/sandbox/events?user=${encodeURIComponent(user)}`);
    source.onopen = () => {
      wait = 500;
      onState(true);
    };
    source.onmessage = (message) => {
      const data = parsed(message.data);
      if (data) onEvent(data);
    };
    source.onerror = () => {
      source.close();
      onState(false);
      clearTimeout(timer);
      timer = setTimeout(open, wait);
      wait = Math.min(wait * 2, 5000);
    };
  }

  open();
  return () => {
    stopped = true;
    clearTimeout(timer);
    source?.close();
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
