/* loods.js: page views, events, people and forms of a site, sent to Loods in batches.
   <script async src="https://INGEST/loods.js" data-key="PUBLIC KEY"></script>
   data-consent="required"  nothing is stored or sent before loods.consent(true)
   data-dnt="ignore"        Do-Not-Track and Global Privacy Control are not heeded
   data-pages="off"         page views are sent by loods.page() only
   data-forms="off"         forms with data-loods-form="NAME" are not watched
   data-messages="off"      messages of journeys (.loods-message) are not shown
   Before it is there: window.loods = window.loods || []; loods.push(["track", "Name", {…}]) */
(function (window, document, navigator) {
  "use strict";
  var script = document.currentScript;
  if (!script || (window.loods && window.loods.version)) return;
  var early = window.loods || [], options = script.dataset;
  var origin = new URL(script.src).origin, target = origin + "/v1/batch", notes = origin + "/v1/site-message";
  var queue = [], memory = {}, sending = false, timer, failures = 0, last, referrer = document.referrer;
  var refused = options.dnt !== "ignore" && (navigator.globalPrivacyControl === true ||
    [navigator.doNotTrack, window.doNotTrack].some(function (said) { return said === "1" || said === "yes"; }));

  // What is kept stands in this site's own storage; where there is none, in memory.
  function read(name) {
    try { return localStorage.getItem("loods." + name) || memory[name]; } catch (_) { return memory[name]; }
  }
  function keep(name, value) {
    memory[name] = value;
    try {
      if (value == null) localStorage.removeItem("loods." + name);
      else localStorage.setItem("loods." + name, value);
    } catch (_) {}
  }

  function allowed() { return !refused && (options.consent !== "required" || read("consent") === "yes"); }

  // A browser that has not been here before has nothing to ask for.
  var visitor = allowed() && read("id");

  function random() {
    if (window.crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("");
  }

  function anonymousId() {
    if (!allowed()) return null;
    var id = read("id");
    if (!id) keep("id", id = random());
    return id;
  }

  function place() {
    return { url: location.href, path: location.pathname, search: location.search, title: document.title,
      referrer: referrer };
  }

  function context() {
    var campaign = {}, all = { page: place(), locale: navigator.language,
      screen: { width: screen.width, height: screen.height },
      library: { name: "loods.js", version: loods.version } };
    try { all.timezone = Intl.DateTimeFormat().resolvedOptions().timeZone; } catch (_) {}
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (/^utm_./.test(name)) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
    });
    if (Object.keys(campaign).length) all.campaign = campaign;
    return all;
  }

  function add(type, more) {
    if (refused) return;
    var event = { type: type, messageId: random(), timestamp: new Date().toISOString(), context: context() };
    for (var name in more) event[name] = more[name];
    if (allowed()) sign(event);
    // Before consent it waits in this page's memory, nameless, and goes with it.
    if (queue.length < 500) queue.push(event);
    if (queue.length >= 20) flush();
    else if (!timer) timer = setTimeout(flush, 1000);
  }

  function sign(event) {
    event.anonymousId = anonymousId();
    if (!event.userId && read("user")) event.userId = read("user");
  }

  function batch() {
    var size = 0, events = [];
    while (queue.length && events.length < 100) {
      var event = queue[0];
      if (!event.anonymousId) sign(event);
      size += JSON.stringify(event).length * 2;
      if (events.length && size > 6e4) break;
      events.push(queue.shift());
    }
    return events;
  }

  function body(events) {
    return JSON.stringify({ writeKey: options.key, sentAt: new Date().toISOString(), batch: events });
  }

  function post(url, body) {
    return fetch(url, { method: "POST", body: body, keepalive: true, credentials: "omit",
      headers: { "Content-Type": "text/plain" } });
  }

  function flush() {
    clearTimeout(timer);
    timer = 0;
    if (sending || !queue.length || !allowed()) return;
    sending = true;
    var events = batch();
    post(target, body(events))
      .then(function (answer) {
        if (answer.status === 429 || answer.status >= 500) throw answer;
        failures = 0;
      })
      .catch(function () {
        failures++;
        queue = events.concat(queue);
      })
      .then(function () {
        sending = false;
        if (queue.length) timer = setTimeout(flush, failures ? Math.min(6e4, 1000 * Math.pow(2, failures)) : 0);
      });
  }

  // The page may be gone before an answer comes; a copy that arrives twice counts once.
  function leave() {
    while (queue.length && allowed()) {
      var events = batch();
      if (!navigator.sendBeacon || !navigator.sendBeacon(target, body(events))) {
        queue = events.concat(queue);
        return;
      }
    }
  }

  var loods = {
    version: "1",
    page: function (name, properties) {
      if (typeof name === "object") { properties = name; name = undefined; }
      last = location.pathname + location.search;
      add("page", { name: name, properties: Object.assign(place(), properties) });
    },
    track: function (event, properties) { add("track", { event: event, properties: properties || {} }); },
    identify: function (userId, traits) {
      if (typeof userId === "object") { traits = userId; userId = null; }
      if (userId != null) {
        memory.user = String(userId);
        if (allowed()) keep("user", memory.user);
      }
      add("identify", { userId: userId == null ? undefined : String(userId), traits: traits || {} });
    },
    consent: function (given) {
      if (refused) return;
      if (given) {
        keep("consent", "yes");
        visitor = read("id");
        ask();
        if (memory.user) keep("user", memory.user);
        fill();
        flush();
      } else {
        queue = [];
        ["id", "user", "consent"].forEach(function (name) { keep(name, null); });
      }
    },
    reset: function () { visitor = null; ["id", "user"].forEach(function (name) { keep(name, null); }); },
    flush: flush,
    anonymousId: anonymousId,
    push: function (call) {
      call = Array.from(call);
      var name = call.shift();
      if (typeof loods[name] === "function") loods[name].apply(loods, call);
    }
  };
  window.loods = loods;

  // Forms. One that goes to Loods itself is an event there, and is told who fills it in.
  function fill() {
    var id = anonymousId();
    if (!id) return;
    document.querySelectorAll("form[action*='/f/']").forEach(function (form) {
      if (new URL(form.action).origin + "/v1/batch" !== target) return;
      var field = form.elements.anonymousId || form.appendChild(document.createElement("input"));
      field.type = "hidden";
      field.name = "anonymousId";
      field.value = id;
    });
  }

  document.addEventListener("submit", function (event) {
    var form = event.target, name = form.getAttribute("data-loods-form"), properties = { form: name };
    fill();
    if (!name || options.forms === "off") return;
    Array.from(form.elements).forEach(function (field) {
      var secret = /^(password|file|hidden|submit|button|reset|image)$/.test(field.type) ||
        /^(cc-|.*password)/.test(field.autocomplete) || field.hasAttribute("data-loods-ignore");
      var unset = (field.type === "checkbox" || field.type === "radio") && !field.checked;
      if (field.name && !secret && !unset) properties[field.name] = field.value.slice(0, 1000);
    });
    loods.track("Form Submitted", properties);
  }, true);

  document.addEventListener("click", function (event) {
    var mark = event.target.closest && event.target.closest("[data-loods-rating]");
    if (mark) {
      loods.track("Rating Given",
        { rating: mark.getAttribute("data-loods-rating"), value: Number(mark.getAttribute("data-value")) });
    }
  });

  // What a journey has for this visitor: asked for once a visit, shown as plain text.
  function ask() {
    if (options.messages === "off" || !visitor || !allowed() || !document.body) return;
    try {
      if (Date.now() - sessionStorage.getItem("loods.asked") < 18e5) return;
      sessionStorage.setItem("loods.asked", Date.now());
    } catch (_) {}
    post(notes, JSON.stringify({ writeKey: options.key, anonymousId: visitor }))
      .then(function (answer) { return answer.status === 200 && answer.json(); })
      .then(function (message) { if (message) show(message); })
      .catch(function () {});
    visitor = null;
  }

  function show(message) {
    function seen(what) {
      post(notes + "/seen", JSON.stringify({ token: message.token, what: what })).catch(function () {});
    }
    function put(name, text) {
      var part = box.appendChild(document.createElement(name));
      part.textContent = text;
      part.style.marginLeft = "1em";
      return part;
    }
    seen("shown");
    if (read("shown") === message.id) return;
    keep("shown", message.id);
    var box = document.createElement("div"), link = message.link;
    box.className = "loods-message";
    box.setAttribute("role", "status");
    box.style.cssText = "position:fixed;bottom:1em;right:1em;z-index:9999;max-width:28em;padding:1em;background:#fff;" +
      "color:#222;border:1px solid #777";
    box.textContent = message.text;
    if (link && /^(https:\/\/|\/(?![\/\\]))/.test(link.url)) {
      var anchor = put("a", link.text);
      anchor.href = link.url;
      anchor.addEventListener("click", function () { seen("clicked"); });
    }
    var close = put("button", "\u00d7");
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", function () { box.remove(); });
    document.body.appendChild(box);
  }

  // Page views, also of sites that change the address without loading a page.
  function moved() {
    if (location.pathname + location.search === last) return;
    if (last !== undefined) referrer = location.origin + last;
    loods.page();
    fill();
  }
  if (options.pages !== "off") {
    ["pushState", "replaceState"].forEach(function (name) {
      var original = history[name];
      history[name] = function () {
        var result = original.apply(this, arguments);
        setTimeout(moved, 0);
        return result;
      };
    });
    window.addEventListener("popstate", function () { setTimeout(moved, 0); });
    moved();
  }
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") leave(); });
  window.addEventListener("pagehide", leave);
  function ready() {
    fill();
    ask();
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
  Array.from(early).forEach(loods.push);
})(window, document, navigator);
