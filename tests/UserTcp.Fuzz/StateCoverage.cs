using System.Globalization;
using System.Text;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;

namespace UserTcp.Fuzz;

/// <summary>Events in tables and between them, beside the states of connections.</summary>
internal enum Sight
{
    HalfOpen,
    HalfOpenFull,
    TimeWait,
    TimeWaitReused,
    Orphan,
    Parked,
    NeighborTableFull,
    ConnectionsFull,
    Looped,
    Foreign,
    RequestPending,
    RequestEstablished,
    RequestRejected,
    RequestCancelled,
    CookieSent,
    CookieAccepted,
    CookieFailed,
    AcceptQueue,
    Backpressure,
    ZeroWindow,
    ShutPeerWindow,
    OutOfOrder,
    UrgentReceived,
    Pressure,
    FragmentsJoined,
    PathMtuLearned,
    EcnReduced,
    PingAnswered,
    PingUnreachable,
    ConnectCancelled,
    AcceptCancelled,
    ConnectTimedOut,
    LinkGone,
}

/// <summary>
/// The states that executions reached: states of the machine and the arrows between them, ends of connections,
/// reasons for drops and retransmissions, states of recovery and of tables. Unreachable ones are left out,
/// by name.
/// </summary>
internal sealed class StateCoverage
{
    private const string ExecutionsLine = "executions";

    // LISTEN is an entry of a table and no state of a Tcb, and SYN-RECEIVED begins in one: no arrows lead there from
    // CLOSED. TIME-WAIT ends in a table of its own.
    private static readonly TcpState[] s_states =
        [.. Enum.GetValues<TcpState>().Where(static state => state is not TcpState.Listen)];

    private static readonly PacketDropReason[] s_drops =
        [.. Enum.GetValues<PacketDropReason>().Where(static reason => reason is not PacketDropReason.None)];

    // A new one is asked for in the same breath, time alone makes one stale, and none of IPv4 is delayed.
    private static readonly NeighborState[] s_neighbors =
        [.. Enum.GetValues<NeighborState>().Where(static state =>
            state is not (NeighborState.New or NeighborState.Stale or NeighborState.Delay))];

    private readonly SortedDictionary<string, long> _seen = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _before = [];
    private readonly long[] _states = new long[16];
    private readonly long[] _arrows = new long[256];
    private readonly long[] _drops = new long[64];
    private readonly long[] _resends = new long[16];
    private readonly long[] _ends = new long[64];
    private readonly long[] _recoveries = new long[16];
    private readonly long[] _neighbors = new long[8];
    private readonly long[] _sights = new long[Enum.GetValues<Sight>().Length];

    public long Executions { get; set; }

    public void OnState(TcpState state) => _states[(int)state]++;

    public void OnArrow(TcpState from, TcpState to) => _arrows[(int)from * 16 + (int)to]++;

    public void OnEnd(UserTcpCloseReason reason) => _ends[(int)reason]++;

    public void OnRecovery(RecoveryState state) => _recoveries[(int)state]++;

    public void OnNeighbor(NeighborState state) => _neighbors[(int)state]++;

    public void On(Sight sight) => _sights[(int)sight]++;

    public void OnCounters(StackCounters counters)
    {
        foreach (PacketDropReason reason in s_drops)
        {
            _drops[(int)reason] += counters.Drops(reason);
        }

        for (int i = 0; i < 4; i++)
        {
            _resends[i] += counters.Resent((ResendReason)i);
        }
    }

    /// <summary>How often each reachable state was reached, by its name.</summary>
    public IReadOnlyDictionary<string, long> Count()
    {
        _seen.Clear();
        foreach (TcpState state in s_states)
        {
            _seen[$"state {state}"] = _states[(int)state];
            foreach (TcpState next in s_states.Where(next => IsArrow(state, next)))
            {
                _seen[$"arrow {state} to {next}"] = _arrows[(int)state * 16 + (int)next];
            }
        }

        Add("drop", s_drops, _drops);
        Add("resend", Enum.GetValues<ResendReason>(), _resends);
        Add("recovery", Enum.GetValues<RecoveryState>(), _recoveries);
        Add("end", Enum.GetValues<UserTcpCloseReason>().Where(static r => r is not UserTcpCloseReason.None), _ends);
        Add("neighbor", s_neighbors, _neighbors);
        Add("table", Enum.GetValues<Sight>(), _sights);
        foreach ((string name, long count) in _before)
        {
            if (_seen.TryGetValue(name, out long now))
                _seen[name] = now + count;
        }

        return _seen;
    }

    /// <summary>Adds the counts of an earlier process, if it left any.</summary>
    public void TryAdd(string file)
    {
        if (!File.Exists(file))
            return;

        foreach (string line in File.ReadLines(file))
        {
            int at = line.LastIndexOf(':');
            if (at > 0 && long.TryParse(line[(at + 1)..], out long count))
                _before[line[..at]] = count;
        }

        Executions = _before.GetValueOrDefault(ExecutionsLine);
    }

    /// <summary>Adds what another one saw.</summary>
    public void Add(StateCoverage other)
    {
        foreach ((string name, long count) in other.Count())
        {
            _before[name] = _before.GetValueOrDefault(name) + count;
        }

        Executions += other.Executions;
    }

    /// <summary>Writes the counts into a file.</summary>
    public void Save(string file)
    {
        string text = $"{ExecutionsLine}:{Executions}\n"
            + string.Concat(Count().Select(static one => $"{one.Key}:{one.Value}\n"));
        string next = file + ".new";
        File.WriteAllText(next, text);
        File.Move(next, file, overwrite: true);
    }

    /// <summary>The part of the reachable states that was reached, from 0 to 1.</summary>
    public double Share()
    {
        IReadOnlyDictionary<string, long> all = Count();
        return all.Values.Count(static count => count > 0) / (double)all.Count;
    }

    public void WriteTo(TextWriter writer, bool onlyMissing)
    {
        IReadOnlyDictionary<string, long> all = Count();
        int reached = all.Values.Count(static count => count > 0);
        var line = new StringBuilder();
        foreach ((string name, long count) in all)
        {
            if (!onlyMissing || count == 0)
                line.Append("  ").Append(name).Append(": ").Append(count).Append('\n');
        }

        writer.Write(line);
        writer.WriteLine($"{reached} of {all.Count} states reached ({100.0 * reached / all.Count:F1} %)");
    }

    private static bool IsArrow(TcpState from, TcpState to) =>
        from is not (TcpState.Closed or TcpState.TimeWait)
            ? Transitions.Allows(from, to)
            : from is TcpState.Closed && to is TcpState.SynSent;

    private void Add<T>(string kind, IEnumerable<T> values, long[] counts)
        where T : struct, Enum
    {
        foreach (T value in values)
        {
            _seen[$"{kind} {value}"] = counts[Convert.ToInt32(value, CultureInfo.InvariantCulture)];
        }
    }
}
