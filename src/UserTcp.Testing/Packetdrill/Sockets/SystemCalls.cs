using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>
/// The system calls of a script over one stack, in virtual time: they return at once, finished or pending.
/// </summary>
internal sealed partial class SystemCalls(Shard core, Host host, SocketDefaults defaults, Func<Instant> clock)
{
    private readonly Dictionary<long, VirtualSocket> _sockets = [];
    private readonly List<VirtualSocket> _closing = [];

    /// <summary>
    /// What assertions are about: the connection that was opened or accepted last, or the last socket before there is
    /// one.
    /// </summary>
    public VirtualSocket? UnderTest { get; private set; }

    /// <summary>Sockets whose connection ended while they were open.</summary>
    public int ClosedCount => _sockets.Values.Count(socket =>
        socket.Connection is not null && (socket.Seen & Effects.Closed) != 0);

    public int ListeningCount => _sockets.Values.Count(socket => socket.Listener is not null);

    private Instant Now => clock();

    /// <summary>Makes a call. What is not supported throws a <see cref="ScriptException"/>.</summary>
    public SocketCall Call(CallEvent call)
    {
        var arguments = new CallArguments(call);
        return call.Name switch
        {
            "socket" => Socket(arguments, call),
            "bind" => Bind(arguments),
            "listen" => Listen(arguments),
            "accept" or "accept4" => Accept(arguments, call),
            "connect" => Connect(arguments),
            "read" => Receive(arguments, arguments.Integer(2), flags: 0),
            "recv" or "recvfrom" => Receive(arguments, arguments.Integer(2), arguments.Integer(3)),
            "readv" => Receive(arguments, arguments.VectorLength(1), flags: 0),
            "write" => Send(arguments, arguments.Integer(2), flags: 0),
            "send" or "sendto" => Send(arguments, arguments.Integer(2), arguments.Integer(3)),
            "writev" => Send(arguments, arguments.VectorLength(1), flags: 0),
            "sendmsg" => SendMessage(arguments),
            "recvmsg" => ReceiveMessage(arguments),
            "close" => Close(arguments),
            "shutdown" => Shutdown(arguments),
            "fcntl" => Control(arguments),
            "getsockopt" => GetOption(arguments),
            "setsockopt" => SetOption(arguments),
            "ioctl" => Ioctl(arguments),
            "poll" => Poll(arguments),
            "epoll_create" or "epoll_create1" => CreateEpoll(call),
            "epoll_ctl" => ControlEpoll(arguments),
            "epoll_wait" or "epoll_pwait" => WaitEpoll(arguments),
            _ => throw ScriptException.Unsupported(call.Line, $"the call {call.Name}()"),
        };
    }

    /// <summary>Takes in what the stack has to tell.</summary>
    public void OnWakeup(in Wakeup wakeup)
    {
        if (wakeup.Kind == WakeupKind.Connection && wakeup.Connection.Owner is VirtualSocket socket)
            socket.Seen |= wakeup.Effects;
    }

    private SocketCall Socket(CallArguments arguments, CallEvent call)
    {
        if (arguments.IsGiven(0) && arguments.Integer(0) != 2)
            throw ScriptException.Unsupported(call.Line, "IPv6, or another family than AF_INET,");

        const long typeMask = 0xf;
        const long nonBlocking = 2048;
        long type = arguments.Integer(1);
        if ((type & typeMask) != 1)
            throw ScriptException.Unsupported(call.Line, "a socket other than of TCP");

        long descriptor = call.Result is IntegerValue { Value: >= 0 } expected ? expected.Value : NextDescriptor();
        var socket = new VirtualSocket(defaults.NewConfig(), defaults.SendBuffer())
        {
            IsNonBlocking = (type & nonBlocking) != 0,
        };
        _sockets[descriptor] = socket;
        UnderTest = UnderTest is { Connection: not null } ? UnderTest : socket;
        return SocketCall.Done(descriptor);
    }

    private long NextDescriptor()
    {
        long descriptor = 3;
        while (_sockets.ContainsKey(descriptor) || _epolls.ContainsKey(descriptor))
        {
            descriptor++;
        }

        return descriptor;
    }

    private SocketCall Bind(CallArguments arguments)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");

        socket.LocalPort = defaults.LocalPort;
        return SocketCall.Done(0);
    }

    private SocketCall Listen(CallArguments arguments)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.Connection is not null)
            return SocketCall.Fail("EINVAL");
        if (socket.Listener is not null)
            return SocketCall.Done(0);

        var call = new ListenCall
        {
            Mode = ListenMode.OwnAddresses,
            Port = socket.LocalPort == 0 ? defaults.LocalPort : socket.LocalPort,
            Backlog = (int)Math.Clamp(arguments.Integer(1) + 1, 1, 4096),
            SynBacklog = 1024,
            SynCookies = defaults.SynCookies(),
            Config = socket.Config,
        };
        if (core.Listen(call, out StackListener? listener) != CallResult.Done)
            return SocketCall.Fail("EADDRINUSE");
        socket.Listener = listener;
        return SocketCall.Done(0);
    }

    private SocketCall Accept(CallArguments arguments, CallEvent call)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.Listener is not { } listener)
            return SocketCall.Fail("EINVAL");

        SocketCall? TryAccept()
        {
            if (!core.TryAccept(listener, out StackConnection? connection))
                return null;
            long descriptor = call.Result is IntegerValue { Value: >= 0 } expected ? expected.Value : NextDescriptor();
            Adopt(descriptor, connection!, socket);
            if (arguments.Count > 3)
                _sockets[descriptor].IsNonBlocking = (arguments.Integer(3) & NonBlockingFlag) != 0;
            return SocketCall.Done(descriptor);
        }

        return Finish(socket, TryAccept, "EAGAIN");
    }

    private void Adopt(long descriptor, StackConnection connection, VirtualSocket listener)
    {
        var accepted = new VirtualSocket(connection.Tcb.Config, listener.SendBuffer)
        {
            Connection = connection, NotSentLowWater = listener.NotSentLowWater, LingerSeconds = listener.LingerSeconds,
        };
        _sockets[descriptor] = accepted;
        UnderTest = accepted;
        accepted.Seen |= Effects.Connected;
        core.Adopt(connection, accepted);
    }

    private SocketCall Connect(CallArguments arguments)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.IsConnected && !socket.IsOver)
            return SocketCall.Fail("EISCONN");
        if (socket.IsConnecting && !socket.IsOver)
            return SocketCall.Fail("EALREADY");
        if (socket.Connection is not null && socket.TakeError() is { } error)
            return SocketCall.Fail(error);

        var call = new ConnectCall
        {
            Remote = defaults.Remote,
            RemotePort = defaults.RemotePort,
            LocalPort = socket.LocalPort,
            Config = socket.Config,
        };
        if (core.Connect(call, Now, out StackConnection? connection) != CallResult.Done)
            return SocketCall.Fail("EADDRNOTAVAIL");

        socket.Connection = connection;
        socket.Seen = Effects.None;
        socket.IsConnecting = true;
        UnderTest = socket;
        core.Adopt(connection!, socket);
        return Finish(socket, () => TryConnect(socket), "EINPROGRESS");
    }

    private static SocketCall? TryConnect(VirtualSocket socket)
    {
        if (socket.IsConnected)
            return SocketCall.Done(0);

        return socket.IsOver ? SocketCall.Fail(socket.TakeError() ?? "ECONNABORTED") : null;
    }

    private SocketCall Shutdown(CallArguments arguments)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.Connection is null || !socket.IsConnected || (socket.Seen & Effects.Closed) != 0)
            return SocketCall.Fail("ENOTCONN");

        long how = arguments.Integer(1);
        if (how is < 0 or > 2)
            return SocketCall.Fail("EINVAL");
        socket.IsReadShut |= how != 1;
        if (how != 0 && !socket.IsWriteShut)
        {
            socket.IsWriteShut = true;
            Tell(socket, UserCall.Close);
        }

        // Nobody will read any more: what comes is refused, as after close() (RFC 9293 §3.6.1, SHLD-3).
        if (socket is { IsReadShut: true, IsWriteShut: true } && socket.Connection.Receive.Unconsumed == 0)
        {
            socket.Connection.Receive.CloseReader(isViewReleased: true);
            Tell(socket, UserCall.Detach);
        }

        return SocketCall.Done(0);
    }

    private SocketCall Close(CallArguments arguments)
    {
        if (_epolls.Remove(arguments.Descriptor))
            return SocketCall.Done(0);
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");

        _sockets.Remove(arguments.Descriptor);
        ForgetEpoll(arguments.Descriptor);
        if (socket.Listener is { } listener)
            core.CloseListener(listener, Now);
        if (socket.Connection is not { } connection)
            return SocketCall.Done(0);

        _closing.Add(socket);
        connection.Receive.CloseReader(isViewReleased: true);
        Tell(socket, socket.LingerSeconds == 0 ? UserCall.Abort : UserCall.Detach);
        if (socket.LingerSeconds is not > 0 || socket.IsNonBlocking)
            return SocketCall.Done(0);

        Instant end = Now + TimeSpan.FromSeconds(socket.LingerSeconds.Value);
        return SocketCall.Wait(() =>
            socket.IsOver || connection.Send.Unacknowledged == 0 || Now >= end ? SocketCall.Done(0) : null, end);
    }

    /// <summary>A call that may have to wait: at once, or later, or not at all if the socket does not block.</summary>
    private static SocketCall Finish(VirtualSocket socket, Func<SocketCall?> attempt, string wouldBlock)
    {
        if (attempt() is { } done)
            return done;

        return socket.IsNonBlocking ? SocketCall.Fail(wouldBlock) : SocketCall.Wait(attempt);
    }

    private void Tell(VirtualSocket socket, in UserCall call)
    {
        if (socket.Connection is { } connection)
            core.OnUserCall(connection, call, Now);
    }

    private bool TryFind(CallArguments arguments, out VirtualSocket socket) =>
        _sockets.TryGetValue(arguments.Descriptor, out socket!);
}

/// <summary>What sockets begin with.</summary>
internal sealed record SocketDefaults
{
    /// <summary>The settings of a new socket: what was set for the system until now.</summary>
    public required Func<TcpConfig> NewConfig { get; init; }

    public required HostAddress Remote { get; init; }

    public ushort LocalPort { get; init; } = 8080;

    public ushort RemotePort { get; init; } = 8080;

    public required Func<long> SendBuffer { get; init; }

    /// <summary>When listeners answer without remembering.</summary>
    public required Func<UserTcpSynCookieMode> SynCookies { get; init; }

    /// <summary>Whose system calls these are.</summary>
    public PacketdrillProfile System { get; init; }

    /// <summary>Whether it does not matter what calls return: an option that is not known may fail.</summary>
    public bool IgnoresResults { get; init; }

    /// <summary>Whether sizes of buffers are compared with what a script expects.</summary>
    public bool ChecksBufferSizes { get; init; }
}
