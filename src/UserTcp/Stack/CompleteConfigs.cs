using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;

namespace UserTcp.Stack;

/// <summary>
/// The settings of connections, with what only the stack knows filled in. Connections that are opened with the same
/// settings, one after another, share the result. Under the door.
/// </summary>
internal struct CompleteConfigs()
{
    private readonly RingPool<SentSegment> _rings = new(smallest: 1);
    private TcpConfig? _asked;
    private TcpConfig? _complete;
    private int _mtu;

    public TcpConfig Complete(TcpConfig asked, int mtu, ChallengeBudget challenges)
    {
        if (_complete is null || !ReferenceEquals(_asked, asked) || _mtu != mtu)
        {
            _complete = asked with
            {
                ReceiveMss = Mss.Min(asked.ReceiveMss, Mss.FromMtu(mtu, IpFamily.V4)),
                MaxGsoBytes = Host.MaxGsoBytes,
                ChallengeBudget = challenges,
                SegmentRings = _rings,
            };
            (_asked, _mtu) = (asked, mtu);
        }

        return _complete;
    }
}
