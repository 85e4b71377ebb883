-- What surrounds the scripts of one Lua state: calls into the server, coroutines that wait, limits, places in errors.
-- Gets: the server's function, its mark for a log line, the interval of the clock in instructions. Returns functions.
--
-- The server answers a call with a status and a value: OK, FAIL (an error that the script may catch), WAIT (the value
-- comes later), WARN (logged, with the place, and the second value returned), STOP (the run ends, nothing catches it).

local serve, log_line, interval = ...

local OK, FAIL, WAIT, WARN, STOP = 0, 1, 2, 3, 4
local DEEPEST = 50
local MOST_CALLERS = 8

local globals = _G
local select, type, tostring, error = select, type, tostring, error
local setmetatable, rawget, rawset, loadstring, next = setmetatable, rawget, rawset, loadstring, next
local clock, getinfo, sethook, traceback = os.clock, debug.getinfo, debug.sethook, debug.traceback
local create, resume, yield, status = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status
local find, gmatch, match, sub, gsub = string.find, string.gmatch, string.match, string.sub, string.gsub
local concat, collect = table.concat, collectgarbage

local AWAIT, STOPPED = {}, {}    -- marks that no script has
local data = { ["nil"] = true, boolean = true, number = true, string = true }
local runs, chunks = {}, {}
local deadline, stopping, reason = 0, false, nil
local failed_thread = nil    -- where debug.traceback() looks while an error is handled

-- places

local function name_of(source)
  local first = sub(source, 1, 1)
  if first == "@" or first == "=" then return sub(source, 2) end
  return "[string]"
end

local function is_script(info)
  return info.currentline > 0 and info.source ~= "=driver"
end

-- "file:line: " of the innermost script function that runs, or ran, in a thread
local function place(thread)
  for level = 0, DEEPEST do
    local info
    if thread then info = getinfo(thread, level, "Sl") else info = getinfo(level + 2, "Sl") end
    if not info then return "" end
    if is_script(info) then return name_of(info.source) .. ":" .. info.currentline .. ": " end
  end
  return ""
end

-- "function at file:line, …" of those that called, the innermost first
local function callers(thread)
  local found, first = {}, true
  for level = 0, DEEPEST do
    local info = getinfo(thread, level, "Sln")
    if not info or #found == MOST_CALLERS then break end
    if is_script(info) then
      if not first then found[#found + 1] = name_of(info.source) .. ":" .. info.currentline end
      first = false
    end
  end
  return concat(found, ", ")
end

-- an error with its place in full: Lua shortens long names of files
local function described(thread, value)
  if type(value) == "table" or type(value) == "userdata" then
    value = "error object is a " .. type(value)
  end
  value = tostring(value)
  for level = 0, DEEPEST do
    local info = getinfo(thread, level, "Sl")
    if not info then break end
    if is_script(info) then
      local short = info.short_src .. ":" .. info.currentline .. ": "
      local full = name_of(info.source) .. ":" .. info.currentline .. ": "
      if sub(value, 1, #short) == short then return full .. sub(value, #short + 1) end
      if not find(value, "^[^%s].-:%d+: ") then return full .. value end
      return value
    end
  end
  return value
end

-- limits: called after each so many instructions of a thread

local function watch()
  if clock() > deadline then
    if not stopping then
      stopping, reason = true, place() .. "stopped: it ran longer than time_limit allows"
    end
    error(STOPPED, 0)
  end
end

local function tail(f, ...)
  return f(...)
end

local function new_thread(f)
  local thread = create(f)
  sethook(thread, watch, "", interval)
  return thread
end

-- calls into the server

local function settle(code, value, second)
  if code == OK then return value end
  if code == WAIT then return settle(yield(AWAIT)) end
  if code == WARN then
    serve(log_line, place() .. value)
    return second
  end
  if code == STOP then
    stopping = true
    error(STOPPED, 0)
  end
  error(place() .. value, 0)
end

local function caller(path)
  return function(...)
    for number = 1, select("#", ...) do
      local kind = type((select(number, ...)))
      if not data[kind] then
        error(place() .. path .. "(): argument " .. number .. " is a " .. kind, 0)
      end
    end
    local value = settle(serve(path, ...))
    return value
  end
end

-- make the function `path` ("sr.hdr.append") known to scripts
local function define(path)
  local where = globals
  for part in gmatch(path, "([^.]+)%.") do
    if rawget(where, part) == nil then rawset(where, part, {}) end
    where = rawget(where, part)
  end
  rawset(where, match(path, "([^.]+)$"), caller(path))
end

-- a table whose functions are made when they are asked for; the server says which there are
local function offer(path)
  local where = globals
  for part in gmatch(path, "([^.]+)") do
    if rawget(where, part) == nil then rawset(where, part, {}) end
    where = rawget(where, part)
  end
  setmetatable(where, { __metatable = false, __index = function(known, name)
    if type(name) ~= "string" or serve("?" .. path .. "." .. name) ~= OK then return nil end
    local made = caller(path .. "." .. name)
    rawset(known, name, made)
    return made
  end })
end

-- the standard functions that must let a thread wait, and let nothing catch the end of a run

local function protected(thread, ok, ...)
  if ok then
    if status(thread) == "suspended" then return protected(thread, resume(thread, yield(...))) end
    return true, ...
  end
  if stopping then error(STOPPED, 0) end
  return false, ...
end

function pcall(f, ...)
  local thread = new_thread(tail)
  return protected(thread, resume(thread, f, ...))
end

local function handled(handler, thread, ok, ...)
  if ok then return true, ... end
  local outer = failed_thread
  failed_thread = thread
  local value = handler(...)
  failed_thread = outer
  return false, value
end

function xpcall(f, handler, ...)
  local thread = new_thread(tail)
  return handled(handler, thread, protected(thread, resume(thread, f, ...)))
end

local function relay(thread, ok, first, ...)
  if ok and first == AWAIT and status(thread) == "suspended" then
    return relay(thread, resume(thread, yield(AWAIT)))
  end
  if not ok and stopping then error(STOPPED, 0) end
  return ok, first, ...
end

function coroutine.create(f)
  if type(f) ~= "function" then error(place() .. "coroutine.create: a function is needed", 0) end
  return new_thread(getinfo(f, "S").what == "C" and function(...) return f(...) end or f)
end

function coroutine.resume(thread, ...)
  if type(thread) ~= "thread" then error(place() .. "coroutine.resume: a coroutine is needed", 0) end
  return relay(thread, resume(thread, ...))
end

local function unwrapped(thread, ok, first, ...)
  if ok then return first, ... end
  error(type(first) == "string" and described(thread, first) or first, 0)
end

function coroutine.wrap(f)
  local thread = coroutine.create(f)
  return function(...) return unwrapped(thread, relay(thread, resume(thread, ...))) end
end

-- what scripts must not have: they would end the server, take off the limits, or run where no limit holds

function load(f, name)
  local parts = {}
  for piece in f do
    if piece == "" then break end
    parts[#parts + 1] = piece
  end
  return globals.loadstring(concat(parts), name or "=(load)")
end

function globals.loadstring(code, name)
  if type(code) == "string" and sub(code, 1, 1) == "\27" then return nil, "compiled Lua is not accepted" end
  return loadstring(code, name)
end

local known = debug
debug = {
  getinfo = function(first, ...)
    local found
    if type(first) == "number" then found = known.getinfo(first + 1, ...) else found = known.getinfo(first, ...) end
    return found
  end,
  traceback = function(first, ...)
    if type(first) == "thread" then return traceback(first, ...) end
    if failed_thread then return traceback(failed_thread, first) end
    return traceback(first, ...)
  end,
}
package.loaded.debug = debug
package.loadlib = nil
os.exit = function() error(place() .. "os.exit() would end the server", 0) end
newproxy = nil
python = nil
package.loaded.python = nil

-- runs

local function outcome(id, thread, ok, value)
  if ok and status(thread) == "suspended" then
    if value == AWAIT then return "waits" end
    runs[id] = nil
    return "failed", place(thread) .. "attempt to yield outside of a coroutine", ""
  end
  runs[id] = nil
  if ok then return "done", data[type(value)] and value or nil end
  if stopping or value == STOPPED then return "stopped", reason end
  return "failed", described(thread, value), callers(thread)
end

local function leave(outer_deadline, outer_stopping, outer_reason, ...)
  deadline, stopping, reason = outer_deadline, outer_stopping, outer_reason
  return ...
end

local function step(id, seconds, thread, ...)
  local outer_deadline, outer_stopping, outer_reason = deadline, stopping, reason
  deadline, stopping, reason = clock() + seconds, false, nil
  return leave(outer_deadline, outer_stopping, outer_reason, outcome(id, thread, resume(thread, ...)))
end

local function start(id, seconds, f, ...)
  local thread = new_thread(tail)
  runs[id] = thread
  return step(id, seconds, thread, f, ...)
end

local function named(name)
  local found = globals
  for part in gmatch(name, "([^.]+)") do
    if type(found) ~= "table" then return nil end
    found = found[part]
  end
  return found
end

local function error_of_chunk(message, name)
  local empty = loadstring("", name)
  local short = empty and getinfo(empty, "S").short_src .. ":" or ""
  if short ~= "" and sub(message, 1, #short) == short then
    return name_of(name) .. ":" .. sub(message, #short + 1)
  end
  return message
end

local server = {}

server.define, server.offer = define, offer

function server.compile(key, code, name)
  if sub(code, 1, 1) == "\27" then return name_of(name) .. ": compiled Lua is not accepted" end
  local chunk, message = loadstring(code, name)
  if not chunk then return error_of_chunk(message, name) end
  chunks[key] = chunk
end

function server.forget(key)
  chunks[key] = nil
end

function server.run_chunk(id, seconds, key)
  return start(id, seconds, chunks[key])
end

function server.run_function(id, seconds, name, ...)
  local f = named(name)
  if type(f) ~= "function" then return "failed", "no such function in the Lua scripts: " .. name, "" end
  return start(id, seconds, f, ...)
end

function server.has_function(name)
  return type(named(name)) == "function"
end

-- names of the global functions that scripts made since the last call
local seen = {}
function server.new_functions()
  local found = {}
  for name, value in next, globals do
    if type(name) == "string" and type(value) == "function" and not seen[value] then
      seen[value] = true
      found[#found + 1] = name
    end
  end
  return concat(found, " ")
end

function server.go_on(id, seconds, ...)
  return step(id, seconds, runs[id], ...)
end

function server.drop(id)
  runs[id] = nil
end

-- after an error that Lua itself could not hand over, with no run under way or `seconds` for the outer one
function server.recover(id, seconds)
  runs[id] = nil
  deadline, stopping, reason = clock() + seconds, false, nil
end

function server.collect(pause)
  collect("restart")
  collect("setpause", pause)
  collect()
end

-- require() finds Lua files on package.path; the server reads them, so that they belong to the version
function server.search_with(path)
  package.path = path
  package.loaders = { package.loaders[1], function(name)
    local tried = {}
    for pattern in gmatch(package.path, "[^;]+") do
      local file = gsub(pattern, "%?", (gsub(gsub(name, "%.", "/"), "%%", "%%%%")))
      local code, text = serve("?read", file)
      if code == OK and text then
        local chunk, message = loadstring(text, "@" .. file)
        if not chunk then error(error_of_chunk(message, "@" .. file), 0) end
        return chunk
      end
      tried[#tried + 1] = "\n\tno file '" .. file .. "'"
    end
    return concat(tried)
  end }
end

return server
