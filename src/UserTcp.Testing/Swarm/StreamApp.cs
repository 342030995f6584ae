using System.Buffers;
using UserTcp.Primitives;
using UserTcp.Testing.Network;
using UserTcp.Tcp;

namespace UserTcp.Testing.Swarm;

/// <summary>Follows a <see cref="StreamPlan"/> over one connection.</summary>
internal sealed class StreamApp(StreamPlan plan) : CoreApp
{
    private long _written;
    private long _read;
    private bool _mayRead = true;
    private bool _mayWrite = true;
    private bool _hasClosed;
    private bool _isHurried;
    private bool _mayStopReading = plan.StopsReadingAfter is not null;
    private int _pieces;

    public StreamPlan Plan => plan;

    public long BytesRead => _read;

    public long BytesWritten => _written;

    public bool IsConnected => (Seen & Effects.Connected) != 0;

    /// <summary>Whether the peer's stream was read to its end.</summary>
    public bool HasReadEnd { get; private set; }

    /// <summary>Whether it gave up, which its peer learns by a reset.</summary>
    public bool HasAborted { get; private set; }

    /// <summary>Whether it is done, and has let go of the connection.</summary>
    public bool HasDetached { get; private set; }

    /// <summary>Whether all that was planned has happened.</summary>
    public bool IsComplete => HasReadEnd && _hasClosed && _written == plan.Bytes;

    /// <summary>Where what it wrote was urgent: the positions after the last octet.</summary>
    public HashSet<long> UrgentEnds { get; } = [];

    /// <summary>When its connection was begun, or accepted.</summary>
    public Instant BegunAt { get; private set; }

    /// <summary>Called in the moment in which it gives up.</summary>
    public Action OnAborted { get; set; } = static () => { };

    /// <summary>Whether it has let go, one way or the other.</summary>
    public bool IsAtEnd => HasAborted || HasDetached;

    /// <summary>
    /// Whether its connection has something to send that its peer has not acknowledged: that must not wait for ever.
    /// </summary>
    public bool IsOwedAnAnswer => !IsOver && (Connection.Send.Unacknowledged > 0
        || Connection.Tcb.State is not (TcpState.Established or TcpState.CloseWait or TcpState.FinWait2));

    /// <summary>The connection is there, or begun; from now on it may give up.</summary>
    public void Begin(SimulatedNetwork network)
    {
        BegunAt = network.Time;
        if (plan.AbortsAt is { } time)
            network.Schedule(time, AbortIfOpen);
    }

    /// <summary>From now on it neither pauses nor gives up.</summary>
    public void Hurry()
    {
        _isHurried = true;
        _mayStopReading = false;
        _mayRead = _mayWrite = true;
        if (!IsOver && !HasAborted)
            Work();
    }

    /// <summary>Ends the connection with a reset.</summary>
    public void Abort()
    {
        HasAborted = true;
        Connection.Receive.CloseReader(isViewReleased: true);
        Call(UserCall.Abort);
        OnAborted();
    }

    protected override void OnEffects(Effects effects)
    {
        if ((effects & (Effects.Closed | Effects.TimeWait)) != 0)
            ReadRest();
        if (HasAborted || HasDetached)
            return;

        Work();
    }

    private void Work()
    {
        if (IsOver && (Seen & Effects.TimeWait) == 0)
        {
            LetGo();
            return;
        }

        if (_mayRead)
            Read();
        if (_mayWrite && IsConnected && !HasAborted)
            Write();
        AbortIfPlanned();
        if (!HasAborted)
            CloseIfDone();
    }

    // The connection is over: what arrived before is still there, and whoever read slowly reads it now.
    private void ReadRest()
    {
        _mayRead = true;
        _isHurried = true;
        _mayStopReading = false;
        if (!HasAborted && !HasDetached)
            Read();
    }

    private void AbortIfOpen()
    {
        if (!_isHurried && !IsAtEnd && !IsOver)
            Abort();
    }

    private void Read()
    {
        if (Connection.Receive.IsReaderGone || (_mayStopReading && _read >= plan.StopsReadingAfter))
            return;

        int most = _isHurried ? int.MaxValue : plan.Piece;
        long room = Math.Min(Connection.Receive.Unconsumed, most);
        if (room > 0)
            Take(Connection.Receive.Read().Slice(0, room));
        HasReadEnd = Connection.Receive.IsFinished && Connection.Receive.Unconsumed == 0;
    }

    private void Take(in ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> piece in bytes)
        {
            long wrong = StreamBytes.FindWrong(piece.Span, plan.Reads, _read);
            if (wrong >= 0)
                throw new SwarmViolationException($"{Host.Name} read a wrong byte at {wrong} of {Connection.Flow}.");
            _read += piece.Length;
        }

        Connection.Receive.AdvanceTo(_read, _read);
        Call(UserCall.Receive);
        if (plan.ReadPause > TimeSpan.Zero && !_isHurried)
            Pause(ref _mayRead, plan.ReadPause, () => _mayRead = true);
    }

    private void Write()
    {
        bool isNew = false;
        while (_mayWrite && _written < plan.Bytes && !Connection.Send.IsAbandoned
            && Connection.Send.Unacknowledged < Connection.Send.Limit)
        {
            isNew |= WritePiece();
            if (plan.WritePause > TimeSpan.Zero && !_isHurried)
                Pause(ref _mayWrite, plan.WritePause, () => _mayWrite = true);
        }

        if (isNew)
            Call(IsUrgent() ? UserCall.SendUrgent(Connection.Send.End) : UserCall.Send);
    }

    private bool IsUrgent()
    {
        if (plan.UrgentEvery == 0 || _pieces++ % plan.UrgentEvery != 0)
            return false;

        UrgentEnds.Add(_written);
        return true;
    }

    private bool WritePiece()
    {
        Span<byte> room = Connection.Send.GetMemory(1).Span;
        int count = (int)Math.Min(Math.Min(room.Length, plan.Piece), plan.Bytes - _written);
        StreamBytes.Fill(room[..count], plan.Writes, _written);
        _written += count;
        Connection.Send.Advance(count);
        return Connection.Send.Publish();
    }

    private void Pause(ref bool may, TimeSpan time, Action resume)
    {
        may = false;
        Host.Network.Schedule(time, () =>
        {
            resume();
            if (!HasAborted && !HasDetached)
                Work();
        });
    }

    private void AbortIfPlanned()
    {
        if (!_isHurried && !HasAborted && _read + _written >= plan.AbortsAfter)
            Abort();
    }

    private void CloseIfDone()
    {
        if (!_hasClosed && IsConnected && _written == plan.Bytes && (HasReadEnd || !plan.ClosesLast))
        {
            _hasClosed = true;
            Call(UserCall.Close);
        }

        if (_hasClosed && HasReadEnd)
            LetGo();
    }

    private void LetGo()
    {
        if (HasDetached)
            return;

        HasDetached = true;
        Connection.Receive.CloseReader(isViewReleased: true);
        Call(UserCall.Detach);
    }
}
