using UserTcp.Primitives;
using UserTcp.Tcp.Send;

namespace UserTcp.Tests.Tcp.Send;

public sealed class SeqHeapTests
{
    /// <summary>Across the end of the circle, with numbers that are there twice.</summary>
    [Fact]
    public void The_lowest_comes_first()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var start = new SeqNumber(uint.MaxValue - 500);
            var heap = new SeqHeap();
            var model = new List<int>();
            for (int step = 0; step < 500; step++)
            {
                if (model.Count == 0 || random.Next(5) < 3)
                {
                    model.Add(random.Next(1000));
                    heap.Add(start + model[^1]);
                }
                else
                {
                    Assert.Equal(model.Min(), heap.Lowest - start);
                    model.Remove(model.Min());
                    heap.RemoveLowest();
                }

                Assert.Equal(model.Count, heap.Count);
            }
        }
    }
}
