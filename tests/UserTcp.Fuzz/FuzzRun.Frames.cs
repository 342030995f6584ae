using UserTcp.Fuzz.Machine;
using UserTcp.Fuzz.Wire;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz;

/// <content>Frames of the peers. Upper bits of a code say how they travel: held, fragmented, damaged.</content>
internal sealed partial class FuzzRun
{
    private const byte Held = 128;
    private const byte Fragmented = 64;
    private const byte Damaged = 32;
    private const int MaxText = 60_000;
    private const ushort WideWindow = 60_000;

    private static readonly int[] s_lengths = [1, 100, 536, 1000, 1400, 1460, 4000, 0];

    private static readonly ushort[] s_windows = [WideWindow, 0, 1, 100, 1460, 5840, 30_000, ushort.MaxValue];

    [ThreadStatic]
    private static byte[]? t_last;

    private readonly byte[] _last = Scratch.Rent(ref t_last, 70_000);
    private int _lastLength;

    private void StepFrame(byte code)
    {
        switch (code & 31)
        {
            case 8:
                BeginHandshake(code);
                break;
            case 24:
                SendIcmpError(code);
                break;
            case 25:
                SendEcho(code);
                break;
            case 26:
                SendArp(code);
                break;
            case 29:
                SendMutated(code);
                break;
            default:
                if (PickFlow(_input.Next()) is { } flow)
                    StepSegment(code, flow);
                break;
        }
    }

    private void StepSegment(byte code, PeerFlow flow)
    {
        switch (code & 31)
        {
            case 9:
                AnswerHandshake(flow, code);
                break;
            case 10:
                SendText(flow, code, gap: 0);
                break;
            case 27:
                SendText(flow, code, gap: _input.NextU16());
                break;
            case 11:
                SendAck(flow, code);
                break;
            case 12:
                SendFree(flow, code);
                break;
            case 13:
                SendFin(flow, code);
                break;
            case 14:
                SendReset(flow, code);
                break;
            case 15:
                SendSyn(flow, code);
                break;
            case 16:
                SendSack(flow, code);
                break;
        }
    }

    /// <summary>A SYN to a port of the stack's, and the ACK that ends the handshake if one is answered.</summary>
    private void BeginHandshake(byte code)
    {
        byte where = _input.Next();
        byte how = _input.Next();
        PeerFlow flow = FlowOf(new FlowKey(
            Stations.Locals[(where >> 3) % 3], Stations.ListenPorts[where & 3],
            Stations.Remotes[(where >> 5) % 7], (ushort)(5_000 + (how >> 6))));
        flow.Isn += 1_000_003;
        flow.Next = flow.Isn + 1;
        SeqNumber end = flow.StackEnd;
        Open(flow, code, Opening(flow, how, TcpFlags.Syn));
        if ((how & 32) == 0 && flow.HasSynAck && flow.StackEnd != end)
            Send(flow, code, Bare(flow, TcpFlags.Ack));
    }

    private void Open(PeerFlow flow, byte code, in SegmentSpec spec)
    {
        long timeWaits = TimeWaitCount;
        SeqNumber iss = flow.StackIss;
        Send(flow, code, spec);
        if (TimeWaitCount < timeWaits && flow.StackIss != iss)
            _coverage.On(Sight.TimeWaitReused);
    }

    /// <summary>
    /// The segment that the flow's handshake waits for: SYN-ACK, the final ACK, or a SYN that crosses the stack's.
    /// </summary>
    private void AnswerHandshake(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        if (flow.HasSynAck)
        {
            Send(flow, code, Bare(flow, TcpFlags.Ack));
            return;
        }

        flow.Next = flow.Isn + 1;
        flow.Acked = flow.StackIss + 1;
        Send(flow, code, Opening(flow, how, (how & 32) != 0 ? TcpFlags.Syn : TcpFlags.Syn | TcpFlags.Ack));
    }

    private static SegmentSpec Opening(PeerFlow flow, byte how, TcpFlags flags)
    {
        var options = new TcpOptions
        {
            HasMss = true,
            Mss = (how & 1) == 0 ? (ushort)1460 : (ushort)536,
            HasWindowScale = (how & 2) == 0,
            WindowScale = new WindowScale(how & 15),
            SackPermitted = (how & 4) == 0,
            HasTimestamps = (how & 8) == 0,
            TsVal = ++flow.Timestamp,
            TsEcr = (flags & TcpFlags.Ack) != 0 ? flow.StackTimestamp : 0,
        };
        TcpFlags ecn = (how & 16) == 0 ? TcpFlags.None
            : (flags & TcpFlags.Ack) != 0 ? TcpFlags.Ece : TcpFlags.Ece | TcpFlags.Cwr;
        return new SegmentSpec
        {
            Flags = flags | ecn,
            Seq = flow.Isn,
            Ack = (flags & TcpFlags.Ack) != 0 ? flow.Acked : default,
            Window = WideWindow,
            Options = options,
        };
    }

    /// <summary>A segment without text that acknowledges all that came.</summary>
    private static SegmentSpec Bare(PeerFlow flow, TcpFlags flags)
    {
        flow.Acked = SeqNumber.Max(flow.Acked, flow.StackEnd);
        return new SegmentSpec
        {
            Flags = flags,
            Seq = flow.Next,
            Ack = flow.Acked,
            Window = WideWindow,
            Options = Stamps(flow),
        };
    }

    private static TcpOptions Stamps(PeerFlow flow) => new()
    {
        HasTimestamps = flow.HasTimestamps,
        TsVal = ++flow.Timestamp,
        TsEcr = flow.StackTimestamp,
    };

    private void SendText(PeerFlow flow, byte code, int gap)
    {
        byte how = _input.Next();
        SegmentSpec spec = Bare(flow, TcpFlags.Ack | ((how & 8) != 0 ? TcpFlags.Psh : 0));
        spec.TextLength = (how & 7) == 7 ? Math.Min((int)_input.NextU16(), MaxText) : s_lengths[how & 7];
        spec.Seq += (how & 16) != 0 ? -gap : gap;
        if ((how & 32) != 0)
        {
            spec.Flags |= TcpFlags.Urg;
            spec.Urgent = (ushort)spec.TextLength;
        }

        if ((how & 64) != 0)
            spec.Flags |= TcpFlags.Fin;
        spec.TrafficClass = (byte)((how & 128) != 0 ? 3 : 0);
        if (gap == 0)
            flow.Next += spec.TextLength + ((how & 64) != 0 ? 1 : 0);
        Send(flow, code, spec);
    }

    private void SendAck(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        SegmentSpec spec = Bare(flow, TcpFlags.Ack);
        spec.Window = s_windows[how & 7];
        if ((how & 8) != 0)
            spec.Flags |= TcpFlags.Ece;
        if ((how & 16) != 0) // only a part of what came
        {
            int open = Math.Max(0, flow.StackEnd - flow.StackIss);
            spec.Ack = flow.StackIss + 1 + (int)((long)open * _input.Next() / 256);
        }

        Send(flow, code, spec);
    }

    /// <summary>Anything: each field near what is plausible, or far from it.</summary>
    private void SendFree(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        SegmentSpec spec = Bare(flow, (TcpFlags)_input.Next());
        spec.Seq = (how & 3) switch
        {
            0 => flow.Next,
            1 => flow.Next + (sbyte)_input.Next(),
            2 => flow.StackAck + (short)_input.NextU16(),
            _ => new SeqNumber(_input.NextU32()),
        };
        spec.Ack = (how >> 2 & 3) switch
        {
            0 => flow.StackEnd,
            1 => flow.StackEnd + (sbyte)_input.Next(),
            2 => flow.StackIss + _input.NextU16(),
            _ => new SeqNumber(_input.NextU32()),
        };
        spec.TextLength = s_lengths[7 - (how >> 4 & 7)];
        spec.Window = s_windows[_input.Next() & 7];
        if ((how & 128) != 0)
        {
            byte options = _input.Next();
            spec.Options.HasTimestamps = (options & 1) != 0;
            spec.Options.TsVal += (uint)(sbyte)_input.Next() * 16;
            spec.Options.TsEcr += (uint)(sbyte)_input.Next();
            spec.Urgent = (options & 2) != 0 ? _input.NextU16() : (ushort)0;
        }

        Send(flow, code, spec);
    }

    private void SendFin(PeerFlow flow, byte code)
    {
        SegmentSpec spec = Bare(flow, TcpFlags.Fin | TcpFlags.Ack);
        if ((_input.Next() & 1) != 0) // before anything of the stack's is acknowledged: a simultaneous close
            spec.Ack = SeqNumber.Max(flow.StackIss + 1, flow.StackEnd - 1);
        flow.Next += 1;
        Send(flow, code, spec);
    }

    private void SendReset(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        SegmentSpec spec = Bare(flow, (how & 1) == 0 ? TcpFlags.Rst : TcpFlags.Rst | TcpFlags.Ack);
        spec.Seq = (how & 2) == 0 ? flow.StackAck : flow.StackAck + (sbyte)how;
        spec.Options = default;
        Send(flow, code, spec);
    }

    private void SendSyn(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        if ((how & 32) == 0)
        {
            flow.Isn = flow.Next + (how << 4);
            flow.Next = flow.Isn + 1;
        }

        Open(flow, code, Opening(flow, how, (how & 64) != 0 ? TcpFlags.Syn | TcpFlags.Ack : TcpFlags.Syn));
    }

    /// <summary>Blocks of what the stack has sent, above what it was told before.</summary>
    private void SendSack(PeerFlow flow, byte code)
    {
        byte how = _input.Next();
        SeqNumber before = flow.Acked;
        SegmentSpec spec = Bare(flow, TcpFlags.Ack);
        flow.Acked = before;
        spec.Ack = before;
        int open = flow.StackEnd - before;
        for (int i = 0; i <= (how & 3) && open > 0; i++)
        {
            int left = (int)((long)open * _input.Next() / 256);
            int right = left + 1 + (int)((long)(open - left) * _input.Next() / 256);
            if (SackBlock.TryCreate(before + ((how & 4) != 0 ? -left : left), before + right, out SackBlock block))
                spec.Options.Sack[spec.Options.SackCount++] = block;
        }

        Send(flow, code, spec);
    }

    private void Send(PeerFlow flow, byte code, in SegmentSpec spec) =>
        Travel(_frames.Segment(flow, spec), code, spec.TextLength);

    /// <summary>The frame's way to the stack, as its code says.</summary>
    private void Travel(Span<byte> frame, byte code, int text = 0)
    {
        frame.CopyTo(_last);
        _lastLength = frame.Length;
        bool isHeld = (code & Held) != 0;
        if ((code & Damaged) != 0)
        {
            int bit = _input.NextU16() % (frame.Length * 8);
            if (bit / 8 >= (_settings.IsEthernet ? EthernetHeader.Size : 0))
                frame[bit / 8] ^= (byte)(1 << bit % 8);
        }

        if ((code & Fragmented) == 0)
            Deliver(frame, isHeld, Coalesced(text));
        else
            TravelInPieces(_last.AsSpan(0, frame.Length), isHeld);
        if (!isHeld)
            Settle();
    }

    private void TravelInPieces(ReadOnlySpan<byte> frame, bool isHeld)
    {
        byte how = _input.Next();
        int left = (how & 128) != 0 ? 1 : FuzzLink.MaxFrames; // the rest gets lost
        long segments = SegmentsReceived;
        _frames.Fragment(frame, how & 127, isHeld, piece =>
        {
            if (left-- > 0)
                Deliver(piece, isHeld: true);
        });
        Settle();
        if (SegmentsReceived > segments)
            _coverage.On(Sight.FragmentsJoined);
    }

    // A device that coalesces says how long the segments were.
    private FrameOffload Coalesced(int text)
    {
        bool may = (_settings.LinkInfo.Features & LinkFeatures.ReceiveCoalesces) != 0;
        return may && text > 1460
            ? new FrameOffload { Segmentation = SegmentationOffload.TcpV4, SegmentSize = 1460 }
            : default;
    }

    private void SendIcmpError(byte code)
    {
        if (PickFlow(_input.Next()) is not { } flow || flow.LastPacketLength == 0)
            return;

        byte how = _input.Next();
        IcmpType type = (how & 7) switch
        {
            0 or 1 or 2 => IcmpType.DestinationUnreachable,
            3 => IcmpType.TimeExceeded,
            4 => IcmpType.ParameterProblem,
            5 => IcmpType.SourceQuench,
            6 => IcmpType.Redirect,
            _ => (IcmpType)_input.Next(),
        };
        byte reason = (byte)((how & 7) == 0 ? (byte)IcmpUnreachableCode.FragmentationNeeded : how >> 3 & 15);
        uint rest = (how & 7) == 0 ? _input.NextU16() : 0u;
        Travel(_frames.IcmpError(Stations.Router, flow.Key.Local, type, reason, rest, flow), code);
    }

    private void SendEcho(byte code)
    {
        byte how = _input.Next();
        if (how < 128)
        {
            BeginPing(how);
            return;
        }

        HostAddress from = Stations.Remotes[(how & 7) % 7];
        if ((how & 8) != 0)
            Travel(_frames.Echo(from, Stations.Locals[0], IcmpType.EchoReply, _pinged, 8), code);
        else if ((how & 16) != 0)
            Travel(_frames.Datagram(from, Stations.Locals[how >> 5 & 1], (byte)((how & 32) != 0 ? 17 : 99), 20), code);
        else
            Travel(_frames.Echo(from, Stations.Locals[how >> 5 & 1], IcmpType.EchoRequest, how, how), code);
    }

    private void SendArp(byte code)
    {
        byte how = _input.Next();
        if (!_settings.IsEthernet)
            return;

        HostAddress station = Stations.Remotes[(how & 7) % 7];
        if ((how & 8) != 0)
        {
            _silent ^= (byte)(1 << Stations.IndexOf(station) % 8);
            return;
        }

        HostAddress sender = (how & 16) != 0 ? Stations.Locals[how & 1] : station;
        HostAddress target = (how & 32) != 0 ? sender : Stations.Locals[0];
        MacAddress mac = (how & 64) != 0 ? MacAddress.CreateLocal([9, how]) : Stations.MacOf(sender);
        var arp = new ArpPacket(
            (how & 128) != 0 ? ArpOperation.Reply : ArpOperation.Request, mac, sender, Stations.StackMac, target);
        Travel(_frames.Arp(arp, (how & 1) != 0 ? MacAddress.Broadcast : Stations.StackMac), code);
    }

    /// <summary>The last frame again, with bits of it changed, or a frame from the input alone.</summary>
    private void SendMutated(byte code)
    {
        byte how = _input.Next();
        if ((how & 128) != 0)
        {
            _lastLength = _input.Next() & 127;
            for (int i = 0; i < _lastLength; i++)
            {
                _last[i] = _input.Next();
            }
        }

        for (int i = 0; i < (how & 7) && _lastLength > 0; i++)
        {
            _last[_input.Next() % _lastLength] ^= _input.Next();
        }

        Span<byte> frame = _last.AsSpan(0, _lastLength);
        PacketCheck.Examine(frame);
        _frames.Mend(frame, mendsSums: (how & 8) == 0);
        Deliver(frame, (code & Held) != 0);
    }
}
