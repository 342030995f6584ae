using System.Runtime.CompilerServices;
using UserTcp.Primitives;
using UserTcp.Runtime;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tcp.Receive;
using UserTcp.Tcp.Send;

namespace UserTcp.Fuzz;

/// <summary>All connections of an execution: what state they are in, and how they came there.</summary>
internal sealed class Connections(StateCoverage coverage)
{
    private readonly List<StackConnection> _scratch = [];
    private readonly List<Entry> _all = [];
    private readonly List<Entry> _live = [];

    public IReadOnlyList<Entry> All => _all;

    /// <summary>Looks at every connection; between two looks each makes one step, unless a batch made more.</summary>
    public void Look(Shard[] cores)
    {
        foreach (Shard core in cores)
        {
            if (core.ConnectionCount > 0)
                core.CopyConnectionsTo(_scratch);
        }

        foreach (StackConnection connection in _scratch)
        {
            if (Find(connection) is null)
                Add(connection);
        }

        _scratch.Clear();

        for (int i = _live.Count - 1; i >= 0; i--)
        {
            Follow(_live[i], cores[0].Mtu);
            if (_live[i].Core.IsForgotten)
                _live.RemoveAt(i);
        }
    }

    /// <summary>The connection that the application has been given.</summary>
    public Entry Of(UserTcpConnection connection)
    {
        StackConnection core = Running(connection).Look(static (core, _) => core);
        return FindAnywhere(core) ?? Add(core);
    }

    private Entry Add(StackConnection connection)
    {
        var entry = new Entry(connection);
        _all.Add(entry);
        _live.Add(entry);
        TcpState first = connection.IsIncoming ? TcpState.SynReceived : TcpState.SynSent;
        if (!connection.IsIncoming)
            coverage.OnArrow(TcpState.Closed, TcpState.SynSent);
        entry.State = first;
        coverage.OnState(first);
        if (connection.IsLooped)
            coverage.On(Sight.Looped);
        if (connection.IsForeign)
            coverage.On(Sight.Foreign);
        return entry;
    }

    private void Follow(Entry entry, int mtu)
    {
        Tcb tcb = entry.Core.Tcb;
        if (tcb.State != entry.State)
        {
            if (Transitions.Allows(entry.State, tcb.State))
                coverage.OnArrow(entry.State, tcb.State);
            coverage.OnState(tcb.State);
            entry.State = tcb.State;
            if (tcb.CloseReason != UserTcpCloseReason.None)
                coverage.OnEnd(tcb.CloseReason);
        }

        coverage.OnRecovery(tcb.Recovery);
        if (entry.Core.IsParked)
            coverage.On(Sight.Parked);
        if (tcb.IsOrphan)
            coverage.On(Sight.Orphan);
        if (tcb.UrgentBytes > 0)
            coverage.On(Sight.UrgentReceived);
        if (entry.Core.Receive.OutOfOrder.Count > 0)
            coverage.On(Sight.OutOfOrder);
        if (tcb.Counters.ZeroWindows > 0)
            coverage.On(Sight.ShutPeerWindow);
        if (tcb.PathMtu < mtu && tcb.State >= TcpState.Established)
            coverage.On(Sight.PathMtuLearned);
        if (tcb.Counters.EcnReductions > 0)
            coverage.On(Sight.EcnReduced);
    }

    private Entry? Find(StackConnection connection)
    {
        foreach (Entry entry in _live)
        {
            if (ReferenceEquals(entry.Core, connection))
                return entry;
        }

        return null;
    }

    private Entry? FindAnywhere(StackConnection connection)
    {
        foreach (Entry entry in _all)
        {
            if (ReferenceEquals(entry.Core, connection))
                return entry;
        }

        return null;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_running")]
    private static extern ref RunningConnection Running(UserTcpConnection connection);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_sender")]
    private static extern ref Sender SenderOf(Tcb tcb);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_receiver")]
    private static extern ref Receiver ReceiverOf(Tcb tcb);

    /// <summary>One connection, and where its streams begin.</summary>
    internal sealed class Entry(StackConnection core)
    {
        public StackConnection Core => core;

        public TcpState State { get; set; }

        public bool IsLooped => core.IsLooped;

        public SeqNumber FirstSent => SenderOf(core.Tcb).InitialSend + 1;

        public SeqNumber FirstReceived => ReceiverOf(core.Tcb).InitialReceive + 1;
    }
}
