using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <content>Reading, writing, and asking whether that is possible.</content>
internal sealed partial class SystemCalls
{
    private const long MessageOutOfBand = 1;
    private const long MessagePeek = 2;
    private const long MessageTruncate = 32;
    private const long MessageDontWait = 64;
    private const long MessageWaitAll = 256;
    private const long MessageMore = 32768;
    private const long MessageNoSignal = 16384;
    private const long ReceiveFlags = MessagePeek | MessageTruncate | MessageDontWait | MessageWaitAll;
    private const long SendFlags =
        MessageOutOfBand | MessageDontWait | MessageMore | MessageNoSignal;

    private const long PollIn = 1;
    private const long PollOut = 4;
    private const long PollError = 8;
    private const long PollHangUp = 16;
    private const long PollReadHangUp = 8192;

    private SocketCall Receive(CallArguments arguments, long count, long flags)
    {
        if ((flags & ~ReceiveFlags) != 0)
            throw UnsupportedFlags(arguments, flags & ~ReceiveFlags);
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (arguments.IsNull(1) && count > 0)
            return SocketCall.Fail("EFAULT");
        if (count < 0)
            return SocketCall.Fail("EINVAL");
        if (socket.Connection is null || (!socket.IsConnected && !socket.IsOver && !socket.IsConnecting))
            return SocketCall.Fail("ENOTCONN");

        long taken = 0;
        SocketCall? TryReceive()
        {
            long read = socket.IsConnected ? socket.Read(count - taken, (flags & MessagePeek) != 0) : -1;
            if (read > 0 && (flags & MessagePeek) == 0)
                Tell(socket, UserCall.Receive);
            taken += Math.Max(0, read);
            bool isEnough = (flags & MessageWaitAll) == 0 ? taken > 0 : taken >= count;
            if (isEnough || read == 0)
                return SocketCall.Done(taken);
            if (socket.TakeError() is { } error)
                return SocketCall.Fail(error);
            return socket.IsOver ? SocketCall.Done(0) : null;
        }

        bool mayWait = !socket.IsNonBlocking && (flags & MessageDontWait) == 0;
        return TryReceive() ?? (mayWait ? SocketCall.Wait(TryReceive) : SocketCall.Fail("EAGAIN"));
    }

    // TCP_INQ: what is left to read comes with what was read; an end that waits counts as an octet.
    private SocketCall ReceiveMessage(CallArguments arguments)
    {
        long? expected = arguments.ControlValue(1);
        SocketCall call = Receive(arguments, arguments.MessageLength(1), arguments.Integer(2));
        if (expected is null || !TryFind(arguments, out VirtualSocket socket) || !socket.TellsRest)
            return call;

        return call.Checked(() =>
        {
            long left = socket.Connection!.Receive.Unconsumed;
            long told = left == 0 && socket.Connection.Receive.IsFinished ? 1 : left;
            return told == expected ? null : $"{told} octets are left";
        });
    }

    private SocketCall SendMessage(CallArguments arguments)
    {
        if (arguments.ControlValue(1) is not null)
            throw ScriptException.Unsupported(arguments.Line, "a control message");

        return Send(arguments, arguments.MessageLength(1), arguments.Integer(2));
    }

    private SocketCall Send(CallArguments arguments, long count, long flags)
    {
        if ((flags & ~SendFlags) != 0)
            throw UnsupportedFlags(arguments, flags & ~SendFlags);
        if (!TryFind(arguments, out VirtualSocket socket))
            return SocketCall.Fail("EBADF");
        if (arguments.IsNull(1) && count > 0)
            return SocketCall.Fail("EFAULT");
        if (count < 0)
            return SocketCall.Fail("EINVAL");
        if (socket.Connection is null)
            return SocketCall.Fail(defaults.System == PacketdrillProfile.FreeBsd ? "ENOTCONN" : "EPIPE");

        MakeRoom(arguments, socket, count);

        long written = 0;
        SocketCall? TrySend()
        {
            if (socket.IsWriteShut)
                return SocketCall.Fail("EPIPE");
            if (socket.TakeError() is { } error)
                return SocketCall.Fail(error);
            if (socket.IsOver)
                return SocketCall.Fail("EPIPE");
            if (!socket.IsConnected)
                return null;

            written += WriteNow(socket, count - written, flags);
            return written == count ? SocketCall.Done(written) : null;
        }

        if (TrySend() is { } done)
            return done;
        if (!socket.IsNonBlocking && (flags & MessageDontWait) == 0)
            return SocketCall.Wait(TrySend);
        return written > 0 ? SocketCall.Done(written) : SocketCall.Fail("EAGAIN");
    }

    // How much a system takes before it says that its buffer is full is its own affair: where a script shows it, that
    // is how large the buffer is.
    private void MakeRoom(CallArguments arguments, VirtualSocket socket, long count)
    {
        bool mayBePartial = socket.IsConnected && socket.IsNonBlocking;
        if (defaults.ChecksBufferSizes || !mayBePartial)
            return;

        long used = socket.Connection!.Send.Unacknowledged;
        if (arguments.ExpectedResult is { } taken && taken > 0 && taken < count)
            socket.SendBuffer = used + taken;
        else if (arguments.ExpectedError is "EAGAIN" or "EWOULDBLOCK" && used > 0)
            socket.SendBuffer = used;
    }

    private static ScriptException UnsupportedFlags(CallArguments arguments, long flags) =>
        ScriptException.Unsupported(arguments.Line, Constants.NameOfFlag("MSG_", flags) ?? $"a flag of {flags}");

    // MSG_MORE is a cork for one call: the next one without it lets everything go.
    private long WriteNow(VirtualSocket socket, long count, long flags)
    {
        bool isMore = (flags & MessageMore) != 0;
        Tcb tcb = socket.Connection!.Tcb;
        bool wasCorked = tcb.Live.Corked;
        bool isCorked = isMore || socket.Config.Live.Corked;
        long written = socket.Write(count);
        tcb.Live = tcb.Live with { Corked = isCorked };
        if (written > 0)
            Tell(socket, (flags & MessageOutOfBand) != 0 ? UserCall.SendUrgent : UserCall.Send);
        if (wasCorked != isCorked)
            Tell(socket, UserCall.Reconfigure);
        return written;
    }

    private SocketCall Ioctl(CallArguments arguments)
    {
        if (!TryFind(arguments, out VirtualSocket socket))
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
            unsentQueue => connection.Tcb.Describe(Now).BytesQueued,
            _ => throw ScriptException.Unsupported(arguments.Line, "this ioctl"),
        };
        return arguments.Expect(2, value) ?? SocketCall.Done(0);
    }

    private SocketCall Poll(CallArguments arguments)
    {
        if (arguments.Value(0) is not ListValue { Items: var items } || items.Any(item => item is not StructValue))
            throw ScriptException.Unsupported(arguments.Line, "this form of poll()");

        long timeout = arguments.Integer(2);
        Instant end = Now + TimeSpan.FromMilliseconds(Math.Clamp(timeout, 0, int.MaxValue));
        bool isAsleep = false;
        SocketCall? TryPoll()
        {
            bool isLate = timeout >= 0 && Now >= end;
            bool wasAsleep = isAsleep;
            isAsleep = true;
            return Revents(arguments, items, isLate, wasAsleep);
        }

        return TryPoll() ?? SocketCall.Wait(TryPoll, timeout >= 0 ? end : Instant.Never);
    }

    private SocketCall? Revents(CallArguments arguments, IReadOnlyList<Expression> items, bool isLate, bool isWake)
    {
        int ready = 0;
        string? mismatch = null;
        foreach (StructValue item in items.Cast<StructValue>())
        {
            long events = arguments.Evaluate(item.Field("events") ?? new IntegerValue(0));
            long descriptor = arguments.Evaluate(item.Field("fd") ?? new IntegerValue(-1));
            long actual = EventsOf(descriptor, isWake) & (events | PollError | PollHangUp);
            ready += actual != 0 ? 1 : 0;
            if (item.Field("revents") is { } expected and not AnyValue && arguments.Evaluate(expected) != actual)
                mismatch ??= $"revents of {descriptor} are {actual}";
        }

        if (ready == 0 && !isLate)
            return null;
        return mismatch is null ? SocketCall.Done(ready) : SocketCall.Wrong(mismatch);
    }

    private long EventsOf(long descriptor, bool isWake)
    {
        if (!_sockets.TryGetValue(descriptor, out VirtualSocket? socket))
            return 32; // POLLNVAL
        if (socket.Listener is { } listener)
            return listener.PendingAccepts > 0 ? PollIn : 0;
        if (socket.Connection is not { } connection)
            return PollOut | PollHangUp;

        long events = 0;
        bool hasEnd = connection.Receive.IsFinished;
        if (connection.Receive.Unconsumed > 0 || hasEnd || socket.IsOver)
            events |= PollIn;
        if (hasEnd || socket.IsReadShut)
            events |= PollReadHangUp;
        bool isWritable = socket.IsOver || socket.IsWritable(connection.Tcb.Describe(Now).BytesQueued, isWake);
        if (socket.IsConnected && isWritable)
            events |= PollOut;
        if (socket.PendingError is not null)
            events |= PollError;
        if (socket.IsOver || (hasEnd && socket.IsWriteShut))
            events |= PollHangUp;
        return events;
    }
}
