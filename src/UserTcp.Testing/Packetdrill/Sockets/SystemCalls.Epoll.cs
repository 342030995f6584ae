using UserTcp.Primitives;
using UserTcp.Testing.Packetdrill.Syntax;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <content>epoll.</content>
internal sealed partial class SystemCalls
{
    private readonly Dictionary<long, Epoll> _epolls = [];

    /// <summary>Something happened, which epoll may have to tell.</summary>
    public void Observe()
    {
        foreach (Epoll epoll in _epolls.Values)
        {
            epoll.Observe(one => EventsOf(one, isWake: true), Arrived);
        }
    }

    private SocketCall CreateEpoll(CallEvent call)
    {
        long descriptor = call.Result is IntegerValue { Value: >= 0 } expected ? expected.Value : NextDescriptor();
        _epolls[descriptor] = new Epoll();
        return SocketCall.Done(descriptor);
    }

    private SocketCall ControlEpoll(CallArguments arguments)
    {
        const long add = 1;
        const long remove = 2;
        const long change = 3;
        long descriptor = arguments.Integer(2);
        if (!_epolls.TryGetValue(arguments.Descriptor, out Epoll? epoll) || !_sockets.ContainsKey(descriptor))
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

    private SocketCall WaitEpoll(CallArguments arguments)
    {
        if (!_epolls.TryGetValue(arguments.Descriptor, out Epoll? epoll))
            return SocketCall.Fail("EBADF");
        long most = arguments.Integer(2);
        if (most <= 0)
            return SocketCall.Fail("EINVAL");

        long timeout = arguments.Integer(3);
        Instant end = Now + TimeSpan.FromMilliseconds(Math.Clamp(timeout, 0, int.MaxValue));
        SocketCall? TryWait()
        {
            epoll.Observe(one => EventsOf(one, isWake: true), Arrived);
            List<(long Descriptor, uint Events)> ready = epoll.Take((int)Math.Min(most, int.MaxValue));
            bool isLate = timeout >= 0 && Now >= end;
            return ready.Count > 0 || isLate ? Told(arguments, ready) : null;
        }

        return TryWait() ?? SocketCall.Wait(TryWait, timeout >= 0 ? end : Instant.Never);
    }

    // What stands where the call writes is what it should write; the rest stays empty.
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
        _sockets.TryGetValue(descriptor, out VirtualSocket? socket) && socket.Connection is { } connection
            ? connection.Receive.ContiguousEnd
            : 0;

    private void ForgetEpoll(long descriptor)
    {
        foreach (Epoll epoll in _epolls.Values)
        {
            epoll.Remove(descriptor);
        }
    }
}
