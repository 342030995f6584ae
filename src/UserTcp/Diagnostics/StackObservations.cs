using System.Diagnostics.Metrics;
using Reading = System.Action<
    UserTcp.Diagnostics.StackSample, System.Collections.Generic.List<System.Diagnostics.Metrics.Measurement<long>>>;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace UserTcp.Diagnostics;

/// <summary>The instruments that read what stacks count, when somebody collects.</summary>
/// <param name="look">Applies a reading to all stacks, or to all stacks and their connections.</param>
internal sealed class StackObservations(Func<Reading, bool, List<Measurement<long>>> look)
{
    public void AddTo(Meter meter)
    {
        AddConnections(meter);
        AddSegments(meter);
        AddListeners(meter);
        AddLink(meter);
    }

    private void AddConnections(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "usertcp.connection.active", () => ObserveConnections(ReadActive), "{connection}",
            "Connections that are there, those in TIME-WAIT not counted.");
        meter.CreateObservableUpDownCounter(
            "usertcp.connection.count", () => ObserveConnections(ReadStates), "{connection}",
            "Connections, handshakes and listeners, by state.");
        meter.CreateObservableCounter(
            "usertcp.connection.io", () => ObserveConnections(ReadText), "By",
            "Bytes of the streams, what was sent again not counted.");
    }

    private void AddSegments(Meter meter)
    {
        meter.CreateObservableCounter(
            "usertcp.segment.count", () => Observe(ReadSegments), "{segment}", "TCP segments received and sent.");
        meter.CreateObservableCounter(
            "usertcp.segment.retransmits", () => Observe(ReadResent), "{segment}", "TCP segments sent again.");
        meter.CreateObservableCounter(
            "usertcp.segment.out_of_order",
            () => ObserveConnections((s, found) => Add(found, s, s.OutOfOrder)), "{segment}",
            "TCP segments that arrived before others in front of them.");
    }

    private void AddListeners(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "usertcp.listener.pending", () => Observe(ReadPending), "{connection}",
            "Connections that wait to be accepted.");
        meter.CreateObservableCounter(
            "usertcp.listener.overflows", () => Observe(ReadOverflows), "{connection}",
            "Handshakes that were dropped because a backlog was full.");
        meter.CreateObservableCounter(
            "usertcp.syn_cookies", () => Observe(ReadCookies), "{cookie}", "SYN cookies sent, accepted and refused.");
    }

    private void AddLink(Meter meter)
    {
        meter.CreateObservableCounter(
            "usertcp.link.io", () => Observe((s, found) => AddFrames(found, s, s.BytesReceived, s.BytesSent)), "By",
            "Bytes of frames, link headers included.");
        meter.CreateObservableCounter(
            "usertcp.link.packets", () => Observe((s, found) => AddFrames(found, s, s.FramesReceived, s.FramesSent)),
            "{packet}", "Frames; a super-segment is one.");
        meter.CreateObservableCounter(
            "usertcp.link.dropped", () => Observe(ReadDrops), "{packet}", "Packets that went no further, by reason.");
    }

    private List<Measurement<long>> Observe(Reading read) => look(read, false);

    private List<Measurement<long>> ObserveConnections(Reading read) => look(read, true);

    private static void ReadActive(StackSample sample, List<Measurement<long>> found)
    {
        AddActive(found, sample, sample.Outgoing, Names.Client);
        AddActive(found, sample, sample.Incoming, Names.Server);
    }

    private static void AddActive(List<Measurement<long>> found, StackSample sample, long value, string role) =>
        found.Add(new Measurement<long>(
            value, new Tag(Names.StackName, sample.Stack), new(Names.Transport, Names.Tcp),
            new(Names.NetworkType, Names.Ipv4), new(Names.Role, role)));

    private static void ReadStates(StackSample sample, List<Measurement<long>> found)
    {
        for (int i = 0; i < sample.ByState.Length; i++)
        {
            if (sample.ByState[i] > 0)
                Add(found, sample, sample.ByState[i], new Tag(Names.ConnectionState, Names.States[i]));
        }
    }

    private static void ReadText(StackSample sample, List<Measurement<long>> found)
    {
        Add(found, sample, sample.TextReceived, new Tag(Names.Direction, Names.Receive));
        Add(found, sample, sample.TextSent, new Tag(Names.Direction, Names.Transmit));
    }

    private static void ReadSegments(StackSample sample, List<Measurement<long>> found)
    {
        Add(found, sample, sample.SegmentsReceived, new Tag(Names.Direction, Names.Receive));
        Add(found, sample, sample.SegmentsSent, new Tag(Names.Direction, Names.Transmit));
    }

    private static void ReadResent(StackSample sample, List<Measurement<long>> found)
    {
        for (int i = 0; i < sample.Resent.Length; i++)
        {
            Add(found, sample, sample.Resent[i], new Tag(Names.RetransmitReason, Names.ResendReasons[i]));
        }
    }

    private static void ReadPending(StackSample sample, List<Measurement<long>> found)
    {
        foreach (ListenerSample listener in sample.Listeners)
        {
            Add(found, sample, listener.Pending, new Tag(Names.ServerPort, listener.Port));
        }
    }

    private static void ReadOverflows(StackSample sample, List<Measurement<long>> found)
    {
        foreach (ListenerSample listener in sample.Listeners)
        {
            Add(found, sample, listener.Overflows, new Tag(Names.ServerPort, listener.Port));
        }
    }

    private static void ReadCookies(StackSample sample, List<Measurement<long>> found)
    {
        foreach (ListenerSample listener in sample.Listeners)
        {
            AddCookies(found, sample, listener.Port, listener.CookiesSent, "sent");
            AddCookies(found, sample, listener.Port, listener.CookiesAccepted, "accepted");
            AddCookies(found, sample, listener.Port, listener.CookiesFailed, "refused");
        }
    }

    private static void AddCookies(
        List<Measurement<long>> found, StackSample sample, int port, long value, string result) =>
        found.Add(new Measurement<long>(
            value, new Tag(Names.StackName, sample.Stack), new(Names.ServerPort, port),
            new(Names.CookieResult, result)));

    private static void ReadDrops(StackSample sample, List<Measurement<long>> found)
    {
        for (int i = 0; i < sample.Drops.Length; i++)
        {
            if (sample.Drops[i] > 0)
                AddDrops(found, sample, sample.Drops[i], Names.DropReasons[i]);
        }

        if (sample.LinkStatistics.ReceiveDropped > 0)
            AddDrops(found, sample, sample.LinkStatistics.ReceiveDropped, "link_receive");
        if (sample.LinkStatistics.TransmitDropped > 0)
            AddDrops(found, sample, sample.LinkStatistics.TransmitDropped, "link_transmit");
    }

    private static void AddDrops(List<Measurement<long>> found, StackSample sample, long value, string reason) =>
        found.Add(new Measurement<long>(
            value, new Tag(Names.StackName, sample.Stack), new(Names.InterfaceName, sample.Link),
            new(Names.DropReason, reason)));

    private static void AddFrames(List<Measurement<long>> found, StackSample sample, long received, long sent)
    {
        var link = new Tag(Names.InterfaceName, sample.Link);
        found.Add(new Measurement<long>(
            received, new Tag(Names.StackName, sample.Stack), link, new(Names.Direction, Names.Receive)));
        found.Add(new Measurement<long>(
            sent, new Tag(Names.StackName, sample.Stack), link, new(Names.Direction, Names.Transmit)));
    }

    private static void Add(List<Measurement<long>> found, StackSample sample, long value, Tag? tag = null)
    {
        var stack = new Tag(Names.StackName, sample.Stack);
        found.Add(tag is Tag one ? new Measurement<long>(value, stack, one) : new Measurement<long>(value, stack));
    }
}
