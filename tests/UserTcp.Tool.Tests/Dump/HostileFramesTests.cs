using UserTcp.Tool.Dump;
using UserTcp.Tool.Tests.Trace;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Tests.Dump;

/// <summary>
/// Frames of strangers, by seed: valid ones of every wrapping with octets changed, cut off and added. Nothing throws,
/// and nothing goes on for ever.
/// </summary>
public sealed class HostileFramesTests
{
    private const int Seed = 20_261_130;
    private const int FramesOfEach = 2_000;

    [Fact]
    public async Task Whatever_is_in_a_frame_dump_and_trace_go_on()
    {
        var random = new Random(Seed);
        var text = new FrameText(new NameBook(isNumeric: true), isVerbose: true, showsLink: true);
        int segments = 0, undecoded = 0;
        foreach (Wrapping wrapping in Wrapping.All)
        {
            for (int i = 0; i < FramesOfEach; i++)
            {
                byte[] bytes = Mutate(wrapping.Wrap(Segment(random)), random);
                var frame = new CapturedFrame(0, (LinkType)wrapping.Link, bytes);
                string line = await text.OfAsync(frame, DecodedFrame.Of(frame), CancellationToken.None);
                Assert.NotEmpty(line);
                undecoded += line.Contains("[not decoded]", StringComparison.Ordinal) ? 1 : 0;
                segments += TraceSegment.Parse(frame, out _) is null ? 0 : 1;
            }
        }

        // The frames go deep, and PacketDotNet's failures are among them.
        Assert.InRange(segments, Wrapping.All.Count * FramesOfEach / 10, Wrapping.All.Count * FramesOfEach);
        Assert.InRange(undecoded, 1, Wrapping.All.Count * FramesOfEach / 10);
    }

    [Fact]
    public async Task Noise_of_every_link_type_is_told_too()
    {
        var random = new Random(Seed);
        var text = new FrameText(new NameBook(isNumeric: true), isVerbose: true, showsLink: true);
        for (int link = 0; link < 300; link++)
        {
            for (int i = 0; i < 100; i++)
            {
                byte[] noise = new byte[random.Next(0, 120)];
                random.NextBytes(noise);
                var frame = new CapturedFrame(0, (LinkType)link, noise);
                Assert.NotEmpty(await text.OfAsync(frame, DecodedFrame.Of(frame), CancellationToken.None));
                TraceSegment.Parse(frame, out _);
            }
        }
    }

    private static byte[] Segment(Random random)
    {
        byte[] options = new byte[random.Next(0, 11) * 4];
        random.NextBytes(options);
        if (options.Length > 1 && random.Next(2) == 0)
            (options[0], options[1]) = ((byte)random.Next(9), (byte)random.Next(12)); // lengths of 0 among them
        return CaptureBytes.Segment(1234, 99, 7, (byte)random.Next(256), random.Next(20), options: options);
    }

    private static byte[] Mutate(byte[] frame, Random random)
    {
        for (int i = random.Next(4); i > 0; i--)
            frame[random.Next(frame.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : 0xFF);
        return random.Next(4) switch
        {
            0 => frame[..random.Next(frame.Length + 1)],
            1 => [.. frame, .. new byte[random.Next(40)]],
            _ => frame,
        };
    }
}
