using UserTcp.Tcp;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>The calls that read and write.</summary>
internal sealed class DataCalls(Descriptors files, SocketDefaults defaults)
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

    public SocketCall Receive(CallArguments arguments, long count, long flags)
    {
        if (Refuse(arguments, count, flags & ~ReceiveFlags, out VirtualSocket socket) is { } refusal)
            return refusal;
        if (socket.Connection is null || (!socket.IsConnected && !socket.IsOver && !socket.IsConnecting))
            return SocketCall.Fail("ENOTCONN");

        long taken = 0;
        SocketCall? TryReceive()
        {
            long read = socket.IsConnected ? socket.Read(count - taken, (flags & MessagePeek) != 0) : -1;
            if (read > 0 && (flags & MessagePeek) == 0)
                files.Tell(socket, UserCall.Receive);
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
    public SocketCall ReceiveMessage(CallArguments arguments)
    {
        long? expected = arguments.ControlValue(1);
        SocketCall call = Receive(arguments, arguments.MessageLength(1), arguments.Integer(2));
        if (expected is null || !files.TryFind(arguments, out VirtualSocket socket) || !socket.TellsRest)
            return call;

        return call.Checked(() =>
        {
            long left = socket.Connection!.Receive.Unconsumed;
            long told = left == 0 && socket.Connection.Receive.IsFinished ? 1 : left;
            return told == expected ? null : $"{told} octets are left";
        });
    }

    public SocketCall SendMessage(CallArguments arguments)
    {
        if (arguments.ControlValue(1) is not null)
            throw ScriptException.Unsupported(arguments.Line, "a control message");

        return Send(arguments, arguments.MessageLength(1), arguments.Integer(2));
    }

    public SocketCall Send(CallArguments arguments, long count, long flags)
    {
        if (Refuse(arguments, count, flags & ~SendFlags, out VirtualSocket socket) is { } refusal)
            return refusal;
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

    /// <summary>The answer to arguments that no connection would take; null if there is none.</summary>
    private SocketCall? Refuse(CallArguments arguments, long count, long unknownFlags, out VirtualSocket socket)
    {
        if (unknownFlags != 0)
        {
            throw ScriptException.Unsupported(
                arguments.Line, Constants.NameOfFlag("MSG_", unknownFlags) ?? $"a flag of {unknownFlags}");
        }

        if (!files.TryFind(arguments, out socket))
            return SocketCall.Fail("EBADF");
        if (arguments.IsNull(1) && count > 0)
            return SocketCall.Fail("EFAULT");
        return count < 0 ? SocketCall.Fail("EINVAL") : null;
    }

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
            files.Tell(
                socket,
                (flags & MessageOutOfBand) != 0 ? UserCall.SendUrgent(socket.Connection!.Send.End) : UserCall.Send);
        if (wasCorked != isCorked)
            files.Tell(socket, UserCall.Reconfigure);
        return written;
    }
}
