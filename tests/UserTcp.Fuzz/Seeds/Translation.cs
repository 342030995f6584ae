using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz.Seeds;

/// <summary>
/// Makes an input of what went over a wire: the peers' frames become frames, what the stack sent becomes the calls
/// that would make it send that, the pauses between them stay.
/// </summary>
internal sealed class Translation(Instant start)
{
    private const byte Text = 10;
    private const byte TextBeyond = 27;
    private const byte AnyLength = 7;

    private static readonly int[] s_sizes = [1, 10, 536, 1460, 4_000, 10_000, 40_000, 100_000];
    private static readonly int[] s_windows = [60_000, 0, 1, 100, 1460, 5_840, 30_000, 65_535];

    private readonly List<byte> _input = [0, 0, 0, 0];
    private readonly Dictionary<FlowKey, Flow> _flows = [];
    private Instant _now = start;
    private bool _isListening;

    public bool IsFull => _input.Count >= FuzzRun.MaxInput - 8;

    public byte[] ToInput() => [.. _input.Take(FuzzRun.MaxInput)];

    public void Add(Instant at, ReadOnlySpan<byte> packet, bool isInbound)
    {
        if (IsFull || !Ipv4Header.TryParse(packet, out Ipv4Header ip) || ip.Protocol != IpProtocol.Tcp
            || !TcpSegment.TryParse(ip.Payload, out TcpSegment segment))
        {
            return;
        }

        Pause(at);
        if (isInbound)
            Receive(new FlowKey(ip.Destination, segment.DestinationPort, ip.Source, segment.SourcePort), segment);
        else
            Send(new FlowKey(ip.Source, segment.SourcePort, ip.Destination, segment.DestinationPort), segment);
    }

    private void Pause(Instant at)
    {
        long milliseconds = (long)(at - _now).TotalMilliseconds;
        _now = at;
        if (milliseconds is > 0 and <= byte.MaxValue)
            Emit(0, (byte)milliseconds);
        else if (milliseconds > byte.MaxValue)
            Emit(2, (byte)Math.Min(15, long.Log2(milliseconds / 10)));
    }

    private void Receive(in FlowKey key, in TcpSegment segment)
    {
        if (!_flows.TryGetValue(key, out Flow? flow))
        {
            flow = Begin(key);
            flow.PeerNext = segment.End;
            if (!_isListening)
                Emit(4, 0);
            _isListening = true;
            Emit(8, 0, (byte)(OpeningOf(segment) | 32));
            Emit(6, 0);
            return;
        }

        byte index = flow.Index;
        if (segment.Has(TcpFlags.Rst))
            Emit(14, index, 0);
        else if (segment.Has(TcpFlags.Syn))
            Emit(segment.Has(TcpFlags.Ack) ? (byte)9 : (byte)15, index, (byte)(OpeningOf(segment) & ~32));
        else if (!segment.Text.IsEmpty)
            ReceiveText(flow, segment);
        else if (segment.Has(TcpFlags.Fin))
            Emit(13, index, 0);
        else
            ReceiveAck(flow, segment);
        flow.PeerNext = segment.Has(TcpFlags.Syn) ? segment.End : SeqNumber.Max(flow.PeerNext, segment.End);
    }

    private void ReceiveText(Flow flow, in TcpSegment segment)
    {
        int gap = segment.Seq - flow.PeerNext;
        byte how = (byte)(AnyLength | (gap < 0 ? 16 : 0) | (segment.Has(TcpFlags.Urg) ? 32 : 0)
            | (segment.Has(TcpFlags.Fin) ? 64 : 0) | (segment.Ecn == EcnCodepoint.Ce ? 128 : 0));
        ushort length = (ushort)Math.Min(segment.Text.Length, ushort.MaxValue);
        if (gap == 0)
        {
            Emit(Text, flow.Index, how, (byte)(length >> 8), (byte)length);
        }
        else
        {
            ushort by = (ushort)Math.Min(Math.Abs((long)gap), ushort.MaxValue);
            Emit(TextBeyond, flow.Index, (byte)(by >> 8), (byte)by, how, (byte)(length >> 8), (byte)length);
        }

        Emit(18, flow.Index, 0);
    }

    private void ReceiveAck(Flow flow, in TcpSegment segment)
    {
        if (segment.Options.SackCount > 0)
        {
            Emit(16, flow.Index, (byte)(segment.Options.SackCount - 1));
            for (int i = 0; i < segment.Options.SackCount; i++)
            {
                SackBlock block = segment.Options.Sack[i];
                Emit(PartOf(block.Left - segment.Ack, flow.StackNext - segment.Ack));
                Emit(PartOf(block.Right - block.Left, flow.StackNext - block.Left));
            }

            return;
        }

        if (!flow.IsEstablished)
        {
            flow.IsEstablished = true;
            Emit(9, flow.Index, 0);
            return;
        }

        byte window = (byte)NearestIndex(s_windows, segment.Window.Value);
        byte echo = (byte)(segment.Has(TcpFlags.Ece) ? 8 : 0);
        if (segment.Ack == flow.StackNext)
            Emit(11, flow.Index, (byte)(window | echo));
        else
            Emit(11, flow.Index, (byte)(window | echo | 16),
                PartOf(segment.Ack - flow.StackIss, flow.StackNext - flow.StackIss));
    }

    private void Send(in FlowKey key, in TcpSegment segment)
    {
        if (!_flows.TryGetValue(key, out Flow? flow))
        {
            if (segment.Has(TcpFlags.Rst))
                return;

            flow = Begin(key);
            Emit(3, 0);
        }

        if (segment.Has(TcpFlags.Syn))
        {
            flow.StackIss = segment.Seq;
            flow.StackNext = segment.End;
            return;
        }

        if (segment.Has(TcpFlags.Rst))
        {
            Emit(22, flow.Index);
            return;
        }

        int text = segment.Seq + segment.Text.Length - flow.StackNext;
        if (text > 0 && !segment.Text.IsEmpty)
            Emit(17, flow.Index, (byte)NearestIndex(s_sizes, text));
        if (segment.Has(TcpFlags.Fin) && segment.End > flow.StackNext)
            Emit(19, flow.Index);
        flow.StackNext = SeqNumber.Max(flow.StackNext, segment.End);
    }

    private Flow Begin(in FlowKey key)
    {
        var flow = new Flow { Index = (byte)_flows.Count };
        _flows.Add(key, flow);
        return flow;
    }

    private static byte OpeningOf(in TcpSegment segment) => (byte)(
        (segment.Options.HasMss && segment.Options.Mss < 1000 ? 1 : 0) | (segment.Options.HasWindowScale ? 0 : 2)
        | (segment.Options.SackPermitted ? 0 : 4) | (segment.Options.HasTimestamps ? 0 : 8)
        | (segment.Has(TcpFlags.Ece) ? 16 : 0));

    private static byte PartOf(int part, int whole) =>
        (byte)Math.Clamp(whole <= 0 ? 0 : part * 256L / whole, 0, byte.MaxValue);

    private static int NearestIndex(int[] values, int value)
    {
        int nearest = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (Math.Abs(values[i] - value) < Math.Abs(values[nearest] - value))
                nearest = i;
        }

        return nearest;
    }

    private void Emit(params ReadOnlySpan<byte> bytes) => _input.AddRange(bytes);

    private sealed class Flow
    {
        public byte Index { get; init; }

        public SeqNumber PeerNext { get; set; }

        public SeqNumber StackIss { get; set; }

        public SeqNumber StackNext { get; set; }

        public bool IsEstablished { get; set; }
    }
}
