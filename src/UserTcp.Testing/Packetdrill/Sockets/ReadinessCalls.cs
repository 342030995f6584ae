using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>The calls that ask what is possible now: poll and epoll.</summary>
internal sealed class ReadinessCalls(Descriptors files)
{
    private const long PollIn = 1;
    private const long PollOut = 4;
    private const long PollError = 8;
    private const long PollHangUp = 16;
    private const long PollReadHangUp = 8192;

    /// <summary>Something happened, which epoll may have to tell.</summary>
    public void Observe()
    {
        foreach (Epoll epoll in files.Epolls)
        {
            epoll.Observe(one => EventsOf(one, isWake: true), Arrived);
        }
    }

    public SocketCall CreateEpoll(CallEvent call)
    {
        long descriptor = files.Next(call);
        files.Add(descriptor, new Epoll());
        return SocketCall.Done(descriptor);
    }

    public SocketCall ControlEpoll(CallArguments arguments)
    {
        const long add = 1;
        const long remove = 2;
        const long change = 3;
        long descriptor = arguments.Integer(2);
        if (!files.TryFindEpoll(arguments, out Epoll epoll) || files.Find(descriptor) is null)
            return SocketCall.Fail("EBADF");

        long operation = arguments.Integer(1);
        bool isKnown = epoll.Contains(descriptor);
        if (operation is add && isKnown)
            return SocketCall.Fail("EEXIST");
        if (operation is remove or change && !isKnown)
            return SocketCall.Fail("ENOENT");

        if (operation == remove)
            epoll.Remove(descriptor);
        else if (operation is add or change)
            epoll.Set(descriptor, EventsIn(arguments, arguments.Value(3)));
        else
            return SocketCall.Fail("EINVAL");
        epoll.Observe(one => EventsOf(one, isWake: true), Arrived);
        return SocketCall.Done(0);
    }

    public SocketCall WaitEpoll(CallArguments arguments)
    {
        if (!files.TryFindEpoll(arguments, out Epoll epoll))
            return SocketCall.Fail("EBADF");
        long most = arguments.Integer(2);
        if (most <= 0)
            return SocketCall.Fail("EINVAL");

        long timeout = arguments.Integer(3);
        Instant end = files.Now + TimeSpan.FromMilliseconds(Math.Clamp(timeout, 0, int.MaxValue));
        SocketCall? TryWait()
        {
            epoll.Observe(one => EventsOf(one, isWake: true), Arrived);
            List<(long Descriptor, uint Events)> ready = epoll.Take((int)Math.Min(most, int.MaxValue));
            bool isLate = timeout >= 0 && files.Now >= end;
            return ready.Count > 0 || isLate ? Told(arguments, ready) : null;
        }

        return TryWait() ?? SocketCall.Wait(TryWait, timeout >= 0 ? end : Instant.Never);
    }

    public SocketCall Poll(CallArguments arguments)
    {
        if (arguments.Value(0) is not ListValue { Items: var items } || items.Any(item => item is not StructValue))
            throw ScriptException.Unsupported(arguments.Line, "this form of poll()");

        long timeout = arguments.Integer(2);
        Instant end = files.Now + TimeSpan.FromMilliseconds(Math.Clamp(timeout, 0, int.MaxValue));
        bool isAsleep = false;
        SocketCall? TryPoll()
        {
            bool isLate = timeout >= 0 && files.Now >= end;
            bool wasAsleep = isAsleep;
            isAsleep = true;
            return Revents(arguments, items, isLate, wasAsleep);
        }

        return TryPoll() ?? SocketCall.Wait(TryPoll, timeout >= 0 ? end : Instant.Never);
    }

    // The arguments that the call fills hold the expected values; the rest stays empty.
    private static SocketCall Told(CallArguments arguments, List<(long Descriptor, uint Events)> ready)
    {
        IReadOnlyList<Expression> expected = arguments.Value(1) is ListValue list ? list.Items : [arguments.Value(1)];
        for (int i = 0; i < ready.Count && i < expected.Count; i++)
        {
            if (expected[i] is StructValue && EventsIn(arguments, expected[i]) != ready[i].Events)
                return SocketCall.Wrong($"the events of {ready[i].Descriptor} are {ready[i].Events}");
            if ((expected[i] as StructValue)?.Field("fd") is { } name and not AnyValue
                && arguments.Evaluate(name) != ready[i].Descriptor)
            {
                return SocketCall.Wrong($"it told of {ready[i].Descriptor}");
            }
        }

        return SocketCall.Done(ready.Count);
    }

    private static uint EventsIn(CallArguments arguments, Expression expression) =>
        (expression as StructValue)?.Field("events") is { } events
            ? unchecked((uint)arguments.Evaluate(events))
            : throw ScriptException.Unsupported(arguments.Line, "this form of an event");

    private long Arrived(long descriptor) =>
        files.Find(descriptor)?.Connection is { } connection ? connection.Receive.ContiguousEnd : 0;

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
        if (files.Find(descriptor) is not { } socket)
            return 32; // POLLNVAL
        if (socket.Listener is { } listener)
            return listener.HasPendingAccepts ? PollIn : 0;
        if (socket.Connection is not { } connection)
            return PollOut | PollHangUp;

        long events = 0;
        bool hasEnd = connection.Receive.IsFinished;
        if (connection.Receive.Unconsumed > 0 || hasEnd || socket.IsOver)
            events |= PollIn;
        if (hasEnd || socket.IsReadShut)
            events |= PollReadHangUp;
        bool isWritable = socket.IsOver || socket.IsWritable(connection.Tcb.Describe(files.Now).BytesQueued, isWake);
        if (socket.IsConnected && isWritable)
            events |= PollOut;
        if (socket.PendingError is not null)
            events |= PollError;
        if (socket.IsOver || (hasEnd && socket.IsWriteShut))
            events |= PollHangUp;
        return events;
    }
}
