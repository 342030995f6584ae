using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Sockets;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>One run of one script: its events in their order, each at its time.</summary>
internal sealed class ScriptRun : IDisposable
{
    private const int HeaderBytes = 40;

    private readonly VirtualMachine _machine;
    private readonly ScriptClock _clock = new();
    private readonly PacketExchange _packets;
    private readonly SystemCalls _calls;
    private readonly CallRunner _application;
    private readonly Commands _commands;
    private readonly Assertions _assertions;
    private readonly bool _deliversBatches;

    private ScriptRun(Profile profile, ScriptOptions options, PacketdrillOptions how)
    {
        profile.Announce(options.AnnouncedSegmentSize ?? options.Mtu - HeaderBytes);
        _deliversBatches = options.DeliversBatches;
        _clock.Tolerance = options.Tolerance ?? _clock.Tolerance;
        _clock.TolerancePercent = options.TolerancePercent;
        _machine = new VirtualMachine(options.Mtu, how.Shards);
        _packets = new PacketExchange(_machine, _clock)
        {
            IsStrict = how.IsStrict,
            IsSegmentationStrict = options.IsSegmentationStrict,
            DropsSynFin = () => profile.DropsSynFin,
        };
        var defaults = new SocketDefaults
        {
            NewConfig = () => profile.Config,
            Remote = VirtualMachine.Remote,
            SendBuffer = () => profile.Config.SendBufferBytes,
            SynCookies = () => profile.SynCookies,
            System = profile.System,
            IgnoresResults = options.IgnoresResults,
            ChecksBufferSizes = how.IsStrict,
        };
        _calls = new SystemCalls(_machine.Core, defaults, () => _machine.Now);
        _application = new CallRunner(_calls, _machine, _clock) { IgnoresResults = options.IgnoresResults };
        _commands = new Commands(profile, _machine, _calls);
        _assertions = new Assertions(profile.System);
        _machine.OnWakeup = wakeup => _calls.OnWakeup(wakeup);
        _machine.OnTurn = () =>
        {
            _calls.Observe();
            _application.Poll();
        };
    }

    /// <summary>
    /// Where a script has two answers, one is the standard's and the other that of a system: either will do, but a
    /// strict run, which takes the system's.
    /// </summary>
    public static PacketdrillResult Run(PacketdrillScript script, PacketdrillOptions options)
    {
        string system = Profile.For(options.Profile, script.Text).System.ToString();
        if (options.IsStrict)
            return Run(script, options, system);

        PacketdrillResult result = Run(script, options, "STANDARD");
        bool hasOther = result.Outcome == PacketdrillOutcome.Failed
            && script.Text.Contains("#ifdef", StringComparison.Ordinal);
        PacketdrillResult other = hasOther ? Run(script, options, system) : result;
        return other.Outcome == PacketdrillOutcome.Passed ? other : result;
    }

    private static PacketdrillResult Run(PacketdrillScript script, PacketdrillOptions options, string definition)
    {
        Profile profile = Profile.For(options.Profile, script.Text);
        ScriptRun? run = null;
        try
        {
            ScriptTree tree = ScriptParser.Parse(script.Text, definition);
            run = new ScriptRun(profile, ScriptOptions.From(tree.Options), options);
            run.RunAll(tree.Events);
            return run.Result(script, profile);
        }
        catch (ScriptException exception)
        {
            return new PacketdrillResult(
                script.Name,
                exception.IsUnsupported ? PacketdrillOutcome.Unsupported : PacketdrillOutcome.Failed,
                run?._machine.Trace ?? [])
            {
                Line = exception.Line,
                Message = Explain(exception, script.Category, hasBegun: run is not null),
                Time = run is null ? default : ScriptClock.InScript(run._machine.Now),
                Profile = profile.System,
                Category = script.Category,
            };
        }
        finally
        {
            run?.Dispose();
        }
    }

    public void Dispose() => _machine.Dispose();

    private static string Explain(ScriptException exception, PacketdrillCategory category, bool hasBegun)
    {
        if (exception.IsUnsupported)
            return exception.Message;
        if (!hasBegun)
            return $"the script cannot be read: {exception.Message}";

        return category == PacketdrillCategory.Unprotected
            ? exception.Message + Environment.NewLine
                + "    the script switches off the protection of RFC 5961, which cannot be switched off here"
            : exception.Message;
    }

    private PacketdrillResult Result(PacketdrillScript script, Profile profile) =>
        new(script.Name, PacketdrillOutcome.Passed, _machine.Trace)
        {
            Profile = profile.System,
            Category = script.Category,
            Time = ScriptClock.InScript(_machine.Now),
        };

    private void RunAll(IReadOnlyList<ScriptEvent> events)
    {
        for (int i = 0; i < events.Count; i++)
        {
            ScriptEvent next = events[i];
            if (next is not PacketEvent { IsInbound: false } && next.Time.Kind != TimeKind.Any)
                _machine.RunUntil(ScriptClock.OnWire(_clock.Due(next.Time).Start));
            TimeSpan at = RunOne(next, _deliversBatches && i + 1 < events.Count && IsOneBatch(next, events[i + 1]));
            _clock.Passed(next.Time, at);
        }

        _application.Finish();
    }

    private static bool IsOneBatch(ScriptEvent packet, ScriptEvent next) =>
        packet is PacketEvent { IsInbound: true } && next is PacketEvent { IsInbound: true }
        && next.Time.Start == next.Time.End
        && (next.Time is { Kind: TimeKind.Relative, Start.Ticks: 0 }
            || (next.Time.Kind == TimeKind.Absolute && next.Time == packet.Time));

    /// <param name="next">What happens now.</param>
    /// <param name="hasFollowers">Whether it is a packet, and more of its batch follow.</param>
    private TimeSpan RunOne(ScriptEvent next, bool hasFollowers)
    {
        switch (next)
        {
            case PacketEvent { IsInbound: false } packet:
                return _packets.Expect(packet);
            case PacketEvent packet:
                _packets.Inject(packet, hasFollowers);
                break;
            case CallEvent call:
                _application.Make(call);
                if (call.Name == "listen")
                    _packets.OnListen();
                break;
            case CommandEvent command:
                if (_commands.Run(command) is { } mismatch)
                    throw new ScriptException(command.Line, mismatch);
                break;
            case CodeEvent code:
                if (_assertions.Check(code, Report(code)) is { } difference)
                    throw new ScriptException(code.Line, difference);
                break;
        }

        return ScriptClock.InScript(_machine.Now);
    }

    // Of the connection that the application has, or is going to have.
    private TcbReport Report(CodeEvent code)
    {
        if (_calls.UnderTest?.Connection is { } connection)
            return connection.Tcb.Describe(_machine.Now);
        if (_calls.UnderTest is { Listener: null })
            return new TcbReport { State = TcpState.Closed };

        var all = new List<StackConnection>();
        _machine.Core.CopyConnectionsTo(all);
        if (all.Count > 0)
            return all[^1].Tcb.Describe(_machine.Now);
        if (_machine.Core.HalfOpenCount > 0)
            return new TcbReport { State = TcpState.SynReceived };
        return _calls.UnderTest is not null
            ? new TcbReport { State = TcpState.Listen }
            : throw new ScriptException(code.Line, "there is no socket to assert anything of");
    }
}
