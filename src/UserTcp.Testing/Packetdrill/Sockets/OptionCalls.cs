using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>The calls that ask for properties of a socket and set them: options, fcntl, ioctl.</summary>
internal sealed class OptionCalls(Descriptors files, SocketDefaults defaults, ShardGroup core)
{
    /// <summary>O_NONBLOCK, and SOCK_NONBLOCK of the calls that make sockets.</summary>
    public const long NonBlockingFlag = 2048;

    private const long ReadWriteFlag = 2;

    // The number that F_GETFL shows; FreeBSD has another than Linux.
    private long NonBlockingBit => defaults.System == PacketdrillProfile.FreeBsd ? 4 : NonBlockingFlag;

    public SocketCall Control(CallArguments arguments)
    {
        if (!files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        const long getFlags = 3;
        const long setFlags = 4;
        long command = arguments.Integer(1);
        if (command == getFlags)
            return SocketCall.Done(ReadWriteFlag | (socket.IsNonBlocking ? NonBlockingBit : 0));
        if (command != setFlags)
            return SocketCall.Fail("EINVAL");

        socket.IsNonBlocking = (arguments.Integer(2) & NonBlockingFlag) != 0;
        return SocketCall.Done(0);
    }

    public SocketCall SetOption(CallArguments arguments)
    {
        string name = OptionName(arguments);
        if (!files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        Expression given = arguments.Value(3) is ListValue { Items: [var only] } ? only : arguments.Value(3);
        if (name == "SO_LINGER" && given is StructValue linger)
            return SetLinger(arguments, socket, linger);

        if (name == "TCP_CONGESTION" && arguments.Text(3) is { } control)
            return SetCongestionControl(arguments, socket, control);

        long value = Math.Clamp(arguments.Integer(3), int.MinValue, int.MaxValue);
        bool? known = SetSocketOption(socket, name, value) ?? SetTcpOption(socket, name, value)
            ?? SetKeepAliveOption(socket, name, value);
        if (known is not { } isSet)
        {
            return defaults.IgnoresResults
                ? SocketCall.Fail("ENOPROTOOPT")
                : throw ScriptException.Unsupported(arguments.Line, $"setting {name}");
        }

        if (socket.Listener is { } listener)
            core.Configure(listener, socket.Config);
        return isSet ? SocketCall.Done(0) : SocketCall.Fail("EINVAL");
    }

    public SocketCall GetOption(CallArguments arguments)
    {
        string name = OptionName(arguments);
        if (!files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (name == "SO_ERROR")
            return ExpectError(arguments, socket);
        bool isOwnAffair = name is "SO_RCVBUF" or "SO_SNDBUF" || (name == "TCP_MAXSEG" && socket.Connection is null);
        if (isOwnAffair && !defaults.ChecksBufferSizes)
            return SocketCall.Done(0);

        long value = OptionValue(socket, name)
            ?? throw ScriptException.Unsupported(arguments.Line, $"getting {name}");
        return arguments.Expect(3, value) ?? SocketCall.Done(0);
    }

    public SocketCall Ioctl(CallArguments arguments)
    {
        if (!files.TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        const long nonBlocking = 21537;
        if (arguments.Integer(1) == nonBlocking)
        {
            socket.IsNonBlocking = arguments.Integer(2) != 0;
            return SocketCall.Done(0);
        }

        if (socket.Connection is not { } connection)
            return SocketCall.Fail("EINVAL");

        const long inputQueue = 21531;
        const long outputQueue = 21521;
        const long unsentQueue = 35147;
        long value = arguments.Integer(1) switch
        {
            inputQueue => connection.Receive.Unconsumed,
            outputQueue => connection.Send.Unacknowledged,
            unsentQueue => connection.Tcb.Describe(files.Now).BytesQueued,
            _ => throw ScriptException.Unsupported(arguments.Line, "this ioctl"),
        };
        return arguments.Expect(2, value) ?? SocketCall.Done(0);
    }

    private static SocketCall SetLinger(CallArguments arguments, VirtualSocket socket, StructValue linger)
    {
        bool isOn = arguments.Evaluate(linger.Field("onoff") ?? new IntegerValue(0)) != 0;
        socket.LingerSeconds = isOn
            ? (int)arguments.Evaluate(linger.Field("linger") ?? new IntegerValue(0))
            : null;
        return SocketCall.Done(0);
    }

    private static SocketCall SetCongestionControl(CallArguments arguments, VirtualSocket socket, string name)
    {
        if (Constants.ControlNamed(name) is not { } control || socket.Connection is not null)
            throw ScriptException.Unsupported(arguments.Line, $"the congestion control '{name}' for this socket");

        socket.Config = socket.Config with { CongestionControl = control };
        return SocketCall.Done(0);
    }

    private bool? SetSocketOption(VirtualSocket socket, string name, long value)
    {
        switch (name)
        {
            case "SO_REUSEADDR" or "SO_REUSEPORT" or "SO_DEBUG" or "SO_PRIORITY" or "SO_MARK" or "SO_OOBINLINE"
                or "IP_FREEBIND" or "IP_TRANSPARENT" or "IP_BIND_ADDRESS_NO_PORT" or "TCP_QUICKACK":
                return true;
            case "SO_SNDBUF":
                socket.SendBuffer = Math.Max(2048, Doubling * value);
                return true;
            case "SO_RCVBUF":
                socket.ReceiveBuffer = (int)Math.Clamp(Doubling * value, 2304, 1 << 30);
                socket.Config = socket.Config with
                {
                    ReceiveBufferBytes = socket.ReceiveBuffer, AutoTuneBuffers = false,
                };
                return true;
            case "SO_KEEPALIVE":
                return Change(socket, live => live with { KeepAlive = value != 0 });
            case "IP_TOS":
                return Change(socket, live => live with { TrafficClass = (byte)(value & 0xfc) });
            case "IP_TTL":
                return value is >= 1 and <= 255 && Change(socket, live => live with { TimeToLive = (byte)value });
            default:
                return null;
        }
    }

    private bool? SetKeepAliveOption(VirtualSocket socket, string name, long value)
    {
        switch (name)
        {
            case "TCP_KEEPIDLE":
                return value > 0 && Change(socket, live => live with { KeepAliveTime = TimeSpan.FromSeconds(value) });
            case "TCP_KEEPINTVL":
                return value > 0
                    && Change(socket, live => live with { KeepAliveInterval = TimeSpan.FromSeconds(value) });
            case "TCP_KEEPCNT":
                return value > 0 && Change(socket, live => live with { KeepAliveProbes = (int)value });
            case "TCP_KEEPINIT" when socket.Connection is null:
                socket.Config = socket.Config with { SynR2 = TimeSpan.FromSeconds(value) };
                return value > 0;
            default:
                return null;
        }
    }

    private bool? SetTcpOption(VirtualSocket socket, string name, long value)
    {
        switch (name)
        {
            case "TCP_NODELAY":
                return Change(socket, live => live with { NoDelay = value != 0 });
            case "TCP_CORK" or "TCP_NOPUSH":
                return Change(socket, live => live with { Corked = value != 0 });
            case "TCP_USER_TIMEOUT":
                return Change(socket, live =>
                    live with { UserTimeout = value == 0 ? null : TimeSpan.FromMilliseconds(value) });
            case "TCP_LINGER2":
                return Change(socket, live => live with { OrphanTimeout = TimeSpan.FromSeconds(Math.Max(0, value)) });
            case "TCP_RTO_MAX_MS" when socket.Connection is null:
                socket.Config = socket.Config with { MaxRto = TimeSpan.FromMilliseconds(Math.Max(1000, value)) };
                return value >= 1000;
            case "TCP_INQ":
                socket.TellsRest = value != 0;
                return value is 0 or 1;
            case "TCP_NOTSENT_LOWAT":
                socket.NotSentLowWater = value is > 0 and < int.MaxValue ? value : long.MaxValue;
                return true;
            case "TCP_NOOPT" when socket.Connection is null:
                socket.Config = value == 0 ? defaults.NewConfig() : socket.Config with
                {
                    OffersMss = false, Timestamps = false, WindowScaling = false, SelectiveAcknowledgments = false,
                };
                return true;
            case "TCP_MAXSEG" when socket.Connection is null && value is < 88 or > 32_767:
                return false;
            case "TCP_MAXSEG" when socket.Connection is null:
                socket.Config = socket.Config with { ReceiveMss = new Mss((int)value) };
                return true;
            case "TCP_SYNCNT" when socket.Connection is null:
                // So many times 1, 2, 4 … seconds.
                socket.Config = socket.Config with
                {
                    SynR2 = socket.Config.InitialRto * ((1L << (int)Math.Min(value + 1, 12)) - 1),
                };
                return value is >= 1 and <= 127;
            default:
                return null;
        }
    }

    // Linux doubles a size for what the kernel needs itself, and so reports it.
    private long Doubling => defaults.System == PacketdrillProfile.FreeBsd ? 1 : 2;

    private bool Change(VirtualSocket socket, Func<LiveSettings, LiveSettings> change)
    {
        socket.Config = socket.Config with { Live = change(socket.Config.Live) };
        if (socket.Connection is not { } connection)
            return true;

        connection.Tcb.Live = change(connection.Tcb.Live);
        files.Tell(socket, UserCall.Reconfigure);
        return true;
    }

    private static SocketCall ExpectError(CallArguments arguments, VirtualSocket socket)
    {
        string? error = socket.TakeError();
        long actual = error is not null && Constants.TryGet(error, out long number) ? number : 0;
        return arguments.Expect(3, actual) is null
            ? SocketCall.Done(0)
            : SocketCall.Wrong($"the error of the socket is {error ?? "0"}");
    }

    private long? OptionValue(VirtualSocket socket, string name)
    {
        TcpConfig config = socket.Connection?.Tcb.Config ?? socket.Config;
        LiveSettings live = socket.Connection?.Tcb.Live ?? config.Live;
        return name switch
        {
            "SO_RCVBUF" => socket.ReceiveBuffer,
            "SO_SNDBUF" => socket.SendBuffer,
            "SO_KEEPALIVE" => live.KeepAlive ? 1 : 0,
            "TCP_NODELAY" => live.NoDelay ? 1 : 0,
            "TCP_CORK" => live.Corked ? 1 : 0,
            "TCP_MAXSEG" => socket.Connection?.Tcb.Describe(files.Now).SendSegmentSize ?? IpFamily.V4.DefaultMss.Bytes,
            "TCP_KEEPIDLE" => (long)live.KeepAliveTime.TotalSeconds,
            "TCP_KEEPINTVL" => (long)live.KeepAliveInterval.TotalSeconds,
            "TCP_KEEPINIT" => (long)config.SynR2.TotalSeconds,
            "TCP_KEEPCNT" => live.KeepAliveProbes,
            "TCP_USER_TIMEOUT" => (long)(live.UserTimeout ?? TimeSpan.Zero).TotalMilliseconds,
            "IP_TOS" => live.TrafficClass,
            "IP_TTL" => live.TimeToLive,
            "TCP_LINGER2" => (long)live.OrphanTimeout.TotalSeconds,
            "TCP_NOTSENT_LOWAT" => socket.NotSentLowWater == long.MaxValue ? uint.MaxValue : socket.NotSentLowWater,
            "SO_REUSEADDR" or "SO_TYPE" => 1,
            "SO_DOMAIN" => 2,
            "SO_PROTOCOL" => 6,
            "SO_ACCEPTCONN" => socket.Listener is null ? 0 : 1,
            _ => null,
        };
    }

    private static string OptionName(CallArguments arguments) => arguments.Value(2) switch
    {
        NameValue name => name.Name,
        _ => throw ScriptException.Unsupported(arguments.Line, "an option without a name"),
    };
}
