using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class TcpOptionsTests
{
    private const byte Nop = 1;

    private static readonly byte[] s_mss = [2, 4, 0x05, 0xb4];
    private static readonly byte[] s_scale = [3, 3, 7];
    private static readonly byte[] s_sackPermitted = [4, 2];
    private static readonly byte[] s_timestamps = [8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

    [Fact, Rfc("9293 §3.1", "MUST-4"), Rfc("9293 §3.7.1", "MUST-14")]
    public void End_of_list_no_operation_and_MSS_are_understood()
    {
        TcpOptions options = Whole([Nop, Nop, .. s_mss, 0, .. s_scale]);

        Assert.True(options.HasMss);
        Assert.Equal(1460, options.Mss);
        Assert.False(options.HasWindowScale);       // behind the end of the list
    }

    [Fact, Rfc("9293 §3.2", "MUST-64")]
    public void Every_option_is_read_at_every_alignment()
    {
        for (int nops = 0; nops < 12; nops++)
        {
            byte[] before = Enumerable.Repeat(Nop, nops).ToArray();
            Assert.Equal(1460, Whole([.. before, .. s_mss]).Mss);
            Assert.Equal(7, Whole([.. before, .. s_scale]).WindowScale.Shift);
            Assert.True(Whole([.. before, .. s_sackPermitted]).SackPermitted);
            Assert.Equal((1u, 2u), Stamps(Whole([.. before, .. s_timestamps])));
            Assert.Equal(1, Whole([.. before, .. Sack((10, 20))]).SackCount);
        }
    }

    [Fact, Rfc("9293 §3.1", "MUST-6")]
    public void Unknown_options_of_every_kind_and_length_are_stepped_over()
    {
        byte[] known = [2, 3, 4, 5, 8];
        for (int kind = 2; kind < 256; kind++)
        {
            for (int length = 2; length <= 36 && !known.Contains((byte)kind); length++)
            {
                byte[] unknown = InternetChecksumTests.Noise(length);
                unknown[0] = (byte)kind;
                unknown[1] = (byte)length;
                TcpOptions options = Whole([.. unknown, .. s_mss]);
                Assert.Equal(1460, options.Mss);
                Assert.False(options.HasTimestamps || options.HasWindowScale || options.SackPermitted);
            }
        }
    }

    [Fact, Rfc("9293 §3.1", "MUST-7")]
    public void Every_illegal_length_ends_the_list_and_keeps_what_came_before()
    {
        for (int kind = 2; kind < 256; kind++)
        {
            for (int length = 0; length < 256; length++)
            {
                for (int room = 1; room <= 36; room += 5)
                {
                    byte[] tail = new byte[room];
                    tail.AsSpan().Fill(Nop);
                    tail[0] = (byte)kind;
                    if (room > 1)
                        tail[1] = (byte)length;

                    bool isWhole = TcpOptions.TryParse([.. s_mss, .. tail], out TcpOptions options);

                    Assert.Equal(room > 1 && length >= 2 && length <= room, isWhole);
                    Assert.Equal(1460, options.Mss);
                }
            }
        }
    }

    [Fact, Rfc("9293 §3.1", "MUST-7")]
    public void A_known_option_of_the_wrong_length_is_not_believed()
    {
        foreach (byte kind in (byte[])[2, 3, 4, 5, 8])
        {
            for (int length = 2; length <= 40; length++)
            {
                byte[] option = new byte[length];
                option[0] = kind;
                option[1] = (byte)length;
                TcpOptions options = Whole(option);
                Assert.Equal(kind == 2 && length == 4, options.HasMss);
                Assert.Equal(kind == 3 && length == 3, options.HasWindowScale);
                Assert.Equal(kind == 4 && length == 2, options.SackPermitted);
                Assert.Equal(kind == 8 && length == 10, options.HasTimestamps);
                Assert.Equal(0, options.SackCount);     // the blocks are empty
            }
        }
    }

    [Fact, Rfc("9293 §3.1", "MUST-7")]
    public void Every_truncation_of_a_full_list_keeps_the_options_that_are_whole()
    {
        byte[] list = [.. s_mss, .. s_sackPermitted, .. s_timestamps, Nop, .. s_scale, .. Sack((1, 2), (5, 9))];
        for (int length = 0; length <= list.Length; length++)
        {
            TcpOptions.TryParse(list.AsSpan(0, length), out TcpOptions options);
            Assert.Equal(length >= 4, options.HasMss);
            Assert.Equal(length >= 6, options.SackPermitted);
            Assert.Equal(length >= 16, options.HasTimestamps);
            Assert.Equal(length >= 20, options.HasWindowScale);
            Assert.Equal(length >= 38 ? 2 : 0, options.SackCount);
        }
    }

    [Fact]
    public void Of_a_repeated_option_the_first_counts()
    {
        TcpOptions options = Whole(
            [.. s_mss, 2, 4, 0, 1, .. s_scale, 3, 3, 1, .. s_timestamps, 8, 10, 9, 9, 9, 9, 9, 9, 9, 9]);

        Assert.Equal(1460, options.Mss);
        Assert.Equal(7, options.WindowScale.Shift);
        Assert.Equal((1u, 2u), Stamps(options));

        options = Whole([.. Sack((10, 20)), .. Sack((30, 40), (50, 60))]);
        Assert.Equal(1, options.SackCount);
        Assert.Equal(10u, options.Sack[0].Left.Value);
    }

    [Fact, Rfc("7323 §2.3", "R7323-4")]
    public void A_shift_above_14_is_used_as_14()
    {
        for (int shift = 0; shift < 256; shift++)
        {
            Assert.Equal(Math.Min(shift, 14), Whole([3, 3, (byte)shift]).WindowScale.Shift);
        }
    }

    [Fact, Rfc("2883 §4")]
    public void A_block_below_the_acknowledgment_survives_because_it_may_be_a_duplicate_report()
    {
        TcpOptions options = Whole(Sack((500, 1000), (0xffff_fff0, 0x10), (4000, 5000), (6000, 7000)));

        Assert.Equal(4, options.SackCount);
        Assert.Equal((500u, 1000u), (options.Sack[0].Left.Value, options.Sack[0].Right.Value));
        Assert.Equal((0xffff_fff0u, 0x10u), (options.Sack[1].Left.Value, options.Sack[1].Right.Value));
        Assert.Equal((6000u, 7000u), (options.Sack[3].Left.Value, options.Sack[3].Right.Value));
    }

    [Fact]
    public void Empty_and_inverted_blocks_are_left_out_and_the_others_stay()
    {
        TcpOptions options = Whole(Sack((5, 5), (10, 20), (20, 10), (30, 40)));

        Assert.Equal(2, options.SackCount);
        Assert.Equal((10u, 20u), (options.Sack[0].Left.Value, options.Sack[0].Right.Value));
        Assert.Equal((30u, 40u), (options.Sack[1].Left.Value, options.Sack[1].Right.Value));
    }

    [Fact, Rfc("9293 §3.1", "MUST-68"), Rfc("9293 §3.7.1", "MUST-14")]
    public void A_SYN_is_written_in_the_customary_twenty_bytes()
    {
        var options = new TcpOptions
        {
            HasMss = true, Mss = 1460, SackPermitted = true, HasTimestamps = true, TsVal = 1, TsEcr = 2,
            HasWindowScale = true, WindowScale = new WindowScale(7),
        };

        Assert.Equal("020405B4" + "0402" + "080A0000000100000002" + "01030307", Written(options));
    }

    [Fact, Rfc("9293 §3.1", "MUST-69")]
    public void The_last_word_is_filled_with_zeros()
    {
        var options = new TcpOptions { HasMss = true, Mss = 536, SackPermitted = true };

        Assert.Equal("02040218" + "04020000", Written(options));
    }

    [Fact, Rfc("9293 §3.2", "MUST-65")]
    public void Without_the_callers_word_no_MSS_is_written()
    {
        Assert.Equal("", Written(new TcpOptions { Mss = 1460 }));
        Assert.Equal("0101080A0000000300000004",
            Written(new TcpOptions { Mss = 1460, HasTimestamps = true, TsVal = 3, TsEcr = 4 }));
    }

    [Fact, Rfc("2018 §3")]
    public void Four_blocks_fit_alone_and_three_beside_timestamps()
    {
        TcpOptions options = Whole(Sack((1, 2), (3, 4), (5, 6), (7, 8)));

        Assert.Equal(
            "01010522" + "00000001000000020000000300000004" + "00000005000000060000000700000008", Written(options));

        options.HasTimestamps = true;
        Assert.Equal(
            "0101080A0000000000000000" + "0101051A" + "000000010000000200000003000000040000000500000006",
            Written(options));
    }

    [Fact]
    public void SACK_permitted_before_blocks_does_not_end_the_list()
    {
        TcpOptions options = Whole(Sack((1, 2)));
        options.SackPermitted = true;

        Assert.Equal("04020101" + "0101050A" + "0000000100000002", Written(options));
    }

    [Property]
    public void What_is_written_is_read_back(
        bool hasMss, ushort mss, bool hasScale, byte shift, bool sackPermitted, bool hasStamps, DoNotSize<uint> val,
        DoNotSize<uint> ecr, byte blocks)
    {
        var options = new TcpOptions
        {
            HasMss = hasMss, Mss = hasMss ? mss : (ushort)0, HasWindowScale = hasScale,
            WindowScale = hasScale ? new WindowScale(shift & 15) : default, SackPermitted = sackPermitted,
            HasTimestamps = hasStamps, TsVal = hasStamps ? val.Item : 0, TsEcr = hasStamps ? ecr.Item : 0,
            SackCount = blocks % 5,
        };
        for (int i = 0; i < options.SackCount; i++)
        {
            SackBlock.TryCreate(new SeqNumber(val.Item), new SeqNumber(val.Item) + (i + 1), out options.Sack[i]);
        }

        byte[] bytes = new byte[TcpOptions.MaxBytes];
        int length = options.Write(bytes);

        Assert.Equal(options.EncodedLength, length);
        Assert.Equal(0, length % 4);
        TcpOptions read = Whole(bytes[..length]);
        int fitting = Math.Min(options.SackCount, read.SackCount);
        Assert.True(read.SackCount == options.SackCount || length > TcpOptions.MaxBytes - 8);
        options.SackCount = fitting;
        for (int i = fitting; i < 4; i++)
        {
            options.Sack[i] = default;
        }

        Assert.Equal(Text(options), Text(read));
    }

    [Property(MaxTest = 2000)]
    public void Random_bytes_never_throw_and_what_was_understood_can_be_written(byte[] bytes)
    {
        TcpOptions.TryParse(bytes.AsSpan(0, Math.Min(bytes.Length, 40)), out TcpOptions options);

        byte[] written = new byte[TcpOptions.MaxBytes];
        Assert.Equal(options.EncodedLength, options.Write(written));
    }

    private static TcpOptions Whole(byte[] bytes)
    {
        Assert.True(TcpOptions.TryParse(bytes, out TcpOptions options));
        return options;
    }

    private static string Written(in TcpOptions options)
    {
        byte[] bytes = new byte[TcpOptions.MaxBytes];
        Array.Fill(bytes, (byte)0xee);
        int length = options.Write(bytes);
        Assert.Equal(options.EncodedLength, length);
        return Convert.ToHexString(bytes, 0, length);
    }

    private static (uint Val, uint Ecr) Stamps(in TcpOptions options) => (options.TsVal, options.TsEcr);

    private static string Text(in TcpOptions o)
    {
        string sack = "";
        for (int i = 0; i < o.SackCount; i++)
        {
            sack += $" {o.Sack[i].Left}-{o.Sack[i].Right}";
        }

        return $"mss {o.HasMss} {o.Mss} ws {o.HasWindowScale} {o.WindowScale.Shift} sok {o.SackPermitted} "
            + $"ts {o.HasTimestamps} {o.TsVal} {o.TsEcr} sack{sack}";
    }

    private static byte[] Sack(params (uint Left, uint Right)[] blocks)
    {
        List<byte> bytes = [5, (byte)(2 + 8 * blocks.Length)];
        foreach ((uint left, uint right) in blocks)
        {
            bytes.AddRange(BitConverter.GetBytes(left).Reverse());
            bytes.AddRange(BitConverter.GetBytes(right).Reverse());
        }

        return [.. bytes];
    }
}
