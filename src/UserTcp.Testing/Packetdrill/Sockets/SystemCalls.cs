using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>
/// The system calls of a script over one stack, in virtual time: they return at once, finished or pending.
/// </summary>
internal sealed class SystemCalls
{
    private readonly ShardGroup _core;
    private readonly SocketDefaults _defaults;
    private readonly Descriptors _files;
    private readonly DataCalls _data;
    private readonly ReadinessCalls _readiness;
    private readonly OptionCalls _options;

    public SystemCalls(ShardGroup core, SocketDefaults defaults, Func<Instant> clock)
    {
        _core = core;
        _defaults = defaults;
        _files = new Descriptors(core, clock);
        _data = new DataCalls(_files, defaults);
        _readiness = new ReadinessCalls(_files);
        _options = new OptionCalls(_files, defaults, core);
    }

    /// <summary>
    /// What assertions are about: the connection that was opened or accepted last, or the last socket before there is
    /// one.
    /// </summary>
    public VirtualSocket? UnderTest { get; private set; }

    /// <summary>Sockets whose connection ended while they were open.</summary>
    public int ClosedCount => _files.Sockets.Count(socket =>
        socket.Connection is not null && (socket.Seen & Effects.Closed) != 0);

    public int ListeningCount => _files.Sockets.Count(socket => socket.Listener is not null);

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
            "read" => _data.Receive(arguments, arguments.Integer(2), flags: 0),
            "recv" or "recvfrom" => _data.Receive(arguments, arguments.Integer(2), arguments.Integer(3)),
            "readv" => _data.Receive(arguments, arguments.VectorLength(1), flags: 0),
            "write" => _data.Send(arguments, arguments.Integer(2), flags: 0),
            "send" or "sendto" => _data.Send(arguments, arguments.Integer(2), arguments.Integer(3)),
            "writev" => _data.Send(arguments, arguments.VectorLength(1), flags: 0),
            "sendmsg" => _data.SendMessage(arguments),
            "recvmsg" => _data.ReceiveMessage(arguments),
            "close" => Close(arguments),
            "shutdown" => Shutdown(arguments),
            "fcntl" => _options.Control(arguments),
            "getsockopt" => _options.GetOption(arguments),
            "setsockopt" => _options.SetOption(arguments),
            "ioctl" => _options.Ioctl(arguments),
            "poll" => _readiness.Poll(arguments),
            "epoll_create" or "epoll_create1" => _readiness.CreateEpoll(call),
            "epoll_ctl" => _readiness.ControlEpoll(arguments),
            "epoll_wait" or "epoll_pwait" => _readiness.WaitEpoll(arguments),
            _ => throw ScriptException.Unsupported(call.Line, $"the call {call.Name}()"),
        };
    }

    /// <summary>Something happened, which epoll may have to tell.</summary>
    public void Observe() => _readiness.Observe();

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
        long type = arguments.Integer(1);
        if ((type & typeMask) != 1)
            throw ScriptException.Unsupported(call.Line, "a socket other than of TCP");

        long descriptor = _files.Next(call);
        var socket = new VirtualSocket(_defaults.NewConfig(), _defaults.SendBuffer())
        {
            IsNonBlocking = (type & OptionCalls.NonBlockingFlag) != 0,
        };
        _files.Add(descriptor, socket);
        UnderTest = UnderTest is { Connection: not null } ? UnderTest : socket;
        return SocketCall.Done(descriptor);
    }

    private SocketCall Bind(CallArguments arguments)
    {
        if (!_files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");

        socket.LocalPort = _defaults.LocalPort;
        return SocketCall.Done(0);
    }

    private SocketCall Listen(CallArguments arguments)
    {
        if (!_files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.Connection is not null)
            return SocketCall.Fail("EINVAL");
        if (socket.Listener is not null)
            return SocketCall.Done(0);

        var call = new ListenCall
        {
            Mode = ListenMode.OwnAddresses,
            Port = socket.LocalPort == 0 ? _defaults.LocalPort : socket.LocalPort,
            Backlog = (int)Math.Clamp(arguments.Integer(1) + 1, 1, 4096),
            SynBacklog = 1024,
            SynCookies = _defaults.SynCookies(),
            Config = socket.Config,
        };
        if (_core.Listen(call, socket, out GroupListener? listener) != CallResult.Done)
            return SocketCall.Fail("EADDRINUSE");
        socket.Listener = listener;
        return SocketCall.Done(0);
    }

    private SocketCall Accept(CallArguments arguments, CallEvent call)
    {
        if (!_files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.Listener is not { } listener)
            return SocketCall.Fail("EINVAL");

        SocketCall? TryAccept()
        {
            if (!_core.TryAccept(listener, out StackConnection? connection))
                return null;
            long descriptor = _files.Next(call);
            VirtualSocket accepted = Adopt(descriptor, connection!, socket);
            if (arguments.Count > 3)
                accepted.IsNonBlocking = (arguments.Integer(3) & OptionCalls.NonBlockingFlag) != 0;
            return SocketCall.Done(descriptor);
        }

        return Finish(socket, TryAccept, "EAGAIN");
    }

    private VirtualSocket Adopt(long descriptor, StackConnection connection, VirtualSocket listener)
    {
        var accepted = new VirtualSocket(connection.Tcb.Config, listener.SendBuffer)
        {
            Connection = connection, NotSentLowWater = listener.NotSentLowWater, LingerSeconds = listener.LingerSeconds,
        };
        _files.Add(descriptor, accepted);
        UnderTest = accepted;
        accepted.Seen |= Effects.Connected;
        _core.Adopt(connection, accepted);
        return accepted;
    }

    private SocketCall Connect(CallArguments arguments)
    {
        if (!_files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (socket.IsConnected && !socket.IsOver)
            return SocketCall.Fail("EISCONN");
        if (socket.IsConnecting && !socket.IsOver)
            return SocketCall.Fail("EALREADY");
        if (socket.Connection is not null && socket.TakeError() is { } error)
            return SocketCall.Fail(error);

        var call = new ConnectCall
        {
            Remote = _defaults.Remote,
            RemotePort = _defaults.RemotePort,
            LocalPort = socket.LocalPort,
            Config = socket.Config,
        };
        if (_core.Connect(call, _files.Now, out StackConnection? connection) != CallResult.Done)
            return SocketCall.Fail("EADDRNOTAVAIL");

        socket.Connection = connection;
        socket.Seen = Effects.None;
        socket.IsConnecting = true;
        UnderTest = socket;
        _core.Adopt(connection!, socket);
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
        if (!_files.TryFind(arguments, out VirtualSocket socket))
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
            _files.Tell(socket, UserCall.Close);
        }

        // Nobody will read any more: what comes is refused, as after close() (RFC 9293 §3.6.1, SHLD-3).
        if (socket is { IsReadShut: true, IsWriteShut: true } && socket.Connection.Receive.Unconsumed == 0)
        {
            socket.Connection.Receive.CloseReader(isViewReleased: true);
            _files.Tell(socket, UserCall.Detach);
        }

        return SocketCall.Done(0);
    }

    private SocketCall Close(CallArguments arguments)
    {
        bool isSocket = _files.TryFind(arguments, out VirtualSocket socket);
        if (!isSocket && !_files.TryFindEpoll(arguments, out _))
            return SocketCall.Fail("EBADF");

        _files.Remove(arguments.Descriptor);
        if (!isSocket)
            return SocketCall.Done(0);

        if (socket.Listener is { } listener)
            _core.CloseListener(listener, _files.Now);
        if (socket.Connection is not { } connection)
            return SocketCall.Done(0);

        connection.Receive.CloseReader(isViewReleased: true);
        _files.Tell(socket, socket.LingerSeconds == 0 ? UserCall.Abort : UserCall.Detach);
        if (socket.LingerSeconds is not > 0 || socket.IsNonBlocking)
            return SocketCall.Done(0);

        Instant end = _files.Now + TimeSpan.FromSeconds(socket.LingerSeconds.Value);
        return SocketCall.Wait(() =>
            socket.IsOver || connection.Send.Unacknowledged == 0 || _files.Now >= end ? SocketCall.Done(0) : null, end);
    }

    /// <summary>A call that may have to wait: at once, or later, or not at all if the socket does not block.</summary>
    private static SocketCall Finish(VirtualSocket socket, Func<SocketCall?> attempt, string wouldBlock)
    {
        if (attempt() is { } done)
            return done;

        return socket.IsNonBlocking ? SocketCall.Fail(wouldBlock) : SocketCall.Wait(attempt);
    }
}
