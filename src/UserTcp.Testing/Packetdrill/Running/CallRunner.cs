using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Sockets;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// Makes the calls of a script and compares what they return. One that blocks goes on while packets come and go; the
/// next call waits for it, as there is one application.
/// </summary>
internal sealed class CallRunner(SystemCalls calls, VirtualMachine machine, ScriptClock clock)
{
    private SocketCall? _call;
    private CallEvent? _event;
    private TimeSpan _returnAt;
    private TimeSpan _slack;
    private TimeSpan? _returnedAt;

    /// <summary>Whether it does not matter what calls return.</summary>
    public bool IgnoresResults { get; init; }

    public void Make(CallEvent call)
    {
        Finish();
        _event = call;
        _slack = clock.SlackOf(call.Time);
        TimeSpan start = clock.Due(call.Time).Start;
        _returnAt = call.Time.Kind == TimeKind.Any
            ? ScriptClock.InScript(machine.Now)
            : clock.Due(call.Time with { Start = call.Time.Return ?? call.Time.Start }).Start;
        _returnedAt = null;
        _call = calls.Call(call);
        machine.Turn();
        Poll();
        if (call.Time.Return is null)
        {
            Finish();
            return;
        }

        if (_returnedAt is { } early && _returnAt - start > _slack)
            throw Wrong($"it returned {_call} at once, not at {ScriptClock.Text(_returnAt)} s");
    }

    // When the script says that it returns, and when it returns of itself.
    private Instant NextLook(SocketCall call)
    {
        Instant expected = ScriptClock.OnWire(_returnAt);
        Instant end = call.End > machine.Now ? call.End : Instant.Never;
        return Instant.Min(expected > machine.Now ? expected : Instant.Never, end);
    }

    /// <summary>Looks whether the call that blocks can go on.</summary>
    public void Poll()
    {
        if (_call is null || _returnedAt is not null)
            return;

        _call.Poll();
        if (_call.IsPending)
            machine.Alarm = NextLook(_call);
        else
            _returnedAt = ScriptClock.InScript(machine.Now);
    }

    /// <summary>Waits for the call to return, and compares when and what.</summary>
    public void Finish()
    {
        if (_call is null || _event is null)
            return;

        if (_returnedAt is null)
            machine.Run(ScriptClock.OnWire(_returnAt + _slack), () => _returnedAt is not null);
        if (_returnedAt is not { } returnedAt)
            throw Wrong("it blocks");
        if ((returnedAt - _returnAt).Duration() > _slack)
            throw Wrong($"it returned at {ScriptClock.Text(returnedAt)} s, not at {ScriptClock.Text(_returnAt)} s");

        Compare(_event, _call);
        _call = null;
    }

    private void Compare(CallEvent expected, SocketCall actual)
    {
        if (IgnoresResults)
            return;
        if ((actual.Mismatch ?? actual.Check?.Invoke()) is { } mismatch)
            throw Wrong(mismatch);
        if (expected.Result is AnyValue)
            return;

        long result = new CallArguments(expected).Evaluate(expected.Result);
        bool isSame = expected.Error is { } error
            ? actual.Error is { } came && Constants.IsSameError(error, came)
            : actual.Result == result && (result >= 0 || actual.Error is not null);
        if (!isSame)
            throw Wrong($"expected {result}{(expected.Error is { } text ? " " + text : "")}, but it returned {actual}");
    }

    private ScriptException Wrong(string what) => new(_event!.Line, $"{_event.Name}(): {what}");
}
