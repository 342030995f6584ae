using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>The file descriptors of a script, by number, and the way from a socket to the stack.</summary>
internal sealed class Descriptors(ShardGroup core, Func<Instant> clock)
{
    private readonly Dictionary<long, VirtualSocket> _sockets = [];
    private readonly Dictionary<long, Epoll> _epolls = [];

    public Instant Now => clock();

    public IReadOnlyCollection<VirtualSocket> Sockets => _sockets.Values;

    public IReadOnlyCollection<Epoll> Epolls => _epolls.Values;

    /// <summary>The number that the script expects of a call, or the lowest that is free.</summary>
    public long Next(CallEvent call)
    {
        if (call.Result is IntegerValue { Value: >= 0 } expected)
            return expected.Value;

        long descriptor = 3;
        while (_sockets.ContainsKey(descriptor) || _epolls.ContainsKey(descriptor))
        {
            descriptor++;
        }

        return descriptor;
    }

    public void Add(long descriptor, VirtualSocket socket) => _sockets[descriptor] = socket;

    public void Add(long descriptor, Epoll epoll) => _epolls[descriptor] = epoll;

    public bool TryFind(CallArguments arguments, out VirtualSocket socket) =>
        _sockets.TryGetValue(arguments.Descriptor, out socket!);

    public VirtualSocket? Find(long descriptor) => _sockets.GetValueOrDefault(descriptor);

    public bool TryFindEpoll(CallArguments arguments, out Epoll epoll) =>
        _epolls.TryGetValue(arguments.Descriptor, out epoll!);

    /// <summary>The number is free again; nothing is told of it any more.</summary>
    public void Remove(long descriptor)
    {
        _sockets.Remove(descriptor);
        _epolls.Remove(descriptor);
        foreach (Epoll epoll in _epolls.Values)
        {
            epoll.Remove(descriptor);
        }
    }

    /// <summary>Makes a call on the connection of a socket, if it has one.</summary>
    public void Tell(VirtualSocket socket, in UserCall call)
    {
        if (socket.Connection is { } connection)
            core.OnUserCall(connection, call, Now);
    }
}
